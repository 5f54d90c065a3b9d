# Sourced by run, test and bench: sees to it that PostgreSQL's programs are there. Works with bash 3.2.
# The service itself makes, starts and stops its database with them.

postgres_min=15
postgres_image=postgres:18

# True where the folder holds what the service needs, in a version that it takes.
is_postgres() {
  local program major
  for program in initdb pg_ctl postgres; do [ -x "$1/$program" ] || return 1; done
  major=$("$1/postgres" --version 2>/dev/null | sed -n 's/.*(PostgreSQL) \([0-9]*\).*/\1/p')
  [ "${major:-0}" -ge "$postgres_min" ]
}

# The folder that a program's links lead to (readlink -f is not everywhere).
real_folder() {
  local file=$1 target
  while target=$(readlink "$file"); do
    case $target in
      /*) file=$target ;;
      *) file=$(dirname "$file")/$target ;;
    esac
  done
  (cd "$(dirname "$file")" && pwd -P)
}

find_postgres() {
  local folder found
  if [ -n "${LEDGER_PG_BIN:-}" ]; then
    is_postgres "$LEDGER_PG_BIN"
    return
  fi
  if found=$(command -v pg_ctl); then
    is_postgres "$(dirname "$found")" && return 0
    is_postgres "$(real_folder "$found")" && return 0
  fi
  for folder in ${LEDGER_PG_PLACES-/usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin /usr/pgsql-*/bin /usr/libexec/postgresql* /usr/bin}; do
    is_postgres "$folder" && return 0
  done
  return 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# Root as we are, or through sudo; without a terminal only where it asks for no password.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif [ -t 0 ]; then sudo "$@"; else sudo -n "$@"; fi
}

may_be_root() {
  [ "$(id -u)" = 0 ] && return 0
  has sudo || return 1
  [ -t 0 ] || sudo -n true 2>/dev/null
}

package_manager() {
  local manager
  # Homebrew refuses to run as root, and needs none.
  if has brew && [ "$(id -u)" != 0 ]; then echo brew; return; fi
  may_be_root || return 1
  for manager in apt-get dnf yum apk pacman; do
    if has "$manager"; then echo "$manager"; return; fi
  done
  return 1
}

install_with() {
  case $1 in
    brew) brew install postgresql@17 ;;
    apt-get)
      # The package would make and start a server of its own; we only want the programs.
      if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        as_root mkdir -p /etc/postgresql-common
        echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
      fi
      as_root apt-get update
      as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold postgresql
      ;;
    dnf | yum) as_root "$1" install -y postgresql-server ;;
    apk) as_root apk add postgresql ;;
    pacman) as_root pacman -S --noconfirm --needed postgresql ;;
  esac
}

install_postgres() {
  local manager log answer
  manager=$(package_manager) || return 1
  if [ -t 0 ] && [ -t 2 ]; then
    printf 'PostgreSQL is not installed. Install it with %s now? [Y/n] ' "$manager" >&2
    read -r answer || answer=n
    case $answer in '' | y* | Y*) ;; *) return 1 ;; esac
  else
    say "PostgreSQL is not installed: installing it with $manager ..."
  fi
  mkdir -p "$root/artifacts"
  log="$root/artifacts/postgres-install.log"
  if ! (install_with "$manager") >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    say "$manager could not install PostgreSQL (all of it is in $log)."
    return 1
  fi
  find_postgres && return 0
  say "$manager installed no PostgreSQL $postgres_min or later."
  return 1
}

# A container that stays: its volume holds the data, and a password of its own lies in the data directory.
start_container() {
  local folder="$root/.ledger" name port tries=0
  has docker && docker info >/dev/null 2>&1 || return 1
  name="ledger-postgres-$(printf '%s' "$root" | cksum | cut -d ' ' -f 1)"
  mkdir -p "$folder"
  if [ ! -s "$folder/container-password" ]; then
    (umask 077 && od -An -N 24 -tx1 /dev/urandom | tr -d ' \n' >"$folder/container-password")
  fi
  if ! docker start "$name" >/dev/null 2>&1; then
    POSTGRES_PASSWORD=$(cat "$folder/container-password") docker run -d --name "$name" -e POSTGRES_PASSWORD -e POSTGRES_DB=ledger \
      -p 127.0.0.1::5432 -v "$name:/var/lib/postgresql" "$postgres_image" >/dev/null || return 1
  fi
  # Over TCP: while the image prepares its data, a server listens on the socket only.
  until docker exec "$name" pg_isready -q -h 127.0.0.1 -U postgres -d ledger; do
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || return 1
    sleep 1
  done
  port=$(docker port "$name" 5432/tcp | head -n 1 | sed 's/.*://')
  export ConnectionStrings__Ledger="Host=127.0.0.1;Port=$port;Username=postgres;Password=$(cat "$folder/container-password");Database=ledger"
  say "PostgreSQL runs in the container $name, which stays: docker stop $name ends it."
}

# Leaves with programs that the service will find, or with ConnectionStrings__Ledger set, or not at all.
ensure_postgres() {
  [ -z "${ConnectionStrings__Ledger:-}" ] || return 0
  find_postgres && return 0
  [ -z "${LEDGER_PG_BIN:-}" ] || fail "No PostgreSQL $postgres_min or later in $LEDGER_PG_BIN: LEDGER_PG_BIN must name the folder that holds initdb, pg_ctl and postgres."
  install_postgres && return 0
  start_container && return 0
  fail "PostgreSQL $postgres_min or later is missing: install it, or name its bin folder in LEDGER_PG_BIN, or name a server in ConnectionStrings__Ledger."
}
