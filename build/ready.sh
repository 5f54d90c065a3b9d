#!/usr/bin/env bash
# The health check inside the image, which has no curl: asks the service whether it is ready.
set -euo pipefail
exec 3<>"/dev/tcp/127.0.0.1/${1:-5080}"
printf 'GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r -t 5 _ status _ <&3
[ "$status" = 200 ]
