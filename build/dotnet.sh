# Sourced by run, test and bench: what they say, and the .NET side of them. Works with bash 3.2.
# $root is the repository's folder.

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "$*"
  exit 1
}

need_dotnet() {
  local how="install it from https://dotnet.microsoft.com/download/dotnet/10.0 and start again."
  command -v dotnet >/dev/null 2>&1 || fail "The .NET SDK 10 is missing: $how"
  dotnet --list-sdks 2>/dev/null | grep '^10\.' >/dev/null || fail "The .NET SDK 10 is missing (dotnet is here, in another version): $how"
}

# build_project NAME FOLDER: builds it in Release, quietly, unless nothing has changed since the last time; sets $built to its program.
build_project() {
  local name=$1 folder=$2 stamp="$root/artifacts/$1.built" log="$root/artifacts/$1.log" newer
  built="$root/artifacts/bin/$name/release/$name.dll"
  if [ -f "$stamp" ] && [ -f "$built" ]; then
    # Folders count too: a file that was taken away leaves its trace there. sed reads to the end: with many new files, head would break find's pipe and end the script.
    newer=$(find "$root/src" "$root/$folder" "$root/Directory.Build.props" "$root/Directory.Packages.props" "$root/global.json" \
      \( -name bin -o -name obj -o -name node_modules \) -prune -o -newer "$stamp" -print 2>/dev/null | sed -n '1p')
    [ -n "$newer" ] || return 0
  else
    say "Building $name (the first time takes a minute) ..."
  fi
  mkdir -p "$root/artifacts"
  # Of the time before the build: what is saved while it runs is built the next time.
  touch "$stamp.next"
  if ! (cd "$root" && dotnet build "$folder/$name.csproj" -c Release -p:LockedRestore=true -nodeReuse:false -v q) >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    fail "$name could not be built."
  fi
  mv -f "$stamp.next" "$stamp"
}
