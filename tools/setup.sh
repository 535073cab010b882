#!/usr/bin/env bash
# Installs everything that building, testing and the demo need, by package name.
# Idempotent, and quick when nothing is missing: a stamp per group records what was asked for.
#
#   tools/setup.sh            build and test dependencies
#   tools/setup.sh clients    also the older and other clients that the client tests use
#
# What it makes: Debian packages on the system; everything else below .deps/ (safe to delete).
set -euo pipefail
cd "$(dirname "$0")/.."

DEBIAN=(
  g++ make cmake ninja-build ccache mold pkg-config git curl ca-certificates
  python3 python3-venv python3-pip
  libboost1.81-dev libssl-dev zlib1g-dev
  librocksdb-dev libfmt-dev libspdlog-dev libcli11-dev libmimalloc-dev
  rapidjson-dev libpugixml-dev libpcre2-dev libbz2-dev libgeos-dev libstemmer-dev
  libseccomp-dev libarchive-dev libhowardhinnant-date-dev tzdata libcurl4-openssl-dev libpq-dev
  libgtest-dev
)
# clang is used for format, lint and fuzzing only.
DEBIAN_TOOLS=(clang-19 clang-format-19 clang-tidy-19 libclang-rt-19-dev nginx-light bubblewrap)

DUCKDB_HEADERS=duckdb@1.4.4
DUCKDB_LIBRARY=@duckdb/node-bindings-linux-x64@1.4.4-r.4

say() { printf 'setup: %s\n' "$*"; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

debian() {
  local missing=() p
  for p in "$@"; do
    dpkg-query -W -f='${db:Status-Status}\n' "$p" 2>/dev/null | grep -qx installed || missing+=("$p")
  done
  [ ${#missing[@]} -eq 0 ] && return
  say "installing Debian packages: ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# stamped NAME CONTENT COMMAND...: runs the command unless it already ran for this content.
stamped() {
  local stamp=.deps/$1.stamp content=$2
  shift 2
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$content" ] && return
  "$@"
  printf '%s' "$content" >"$stamp"
}

venv() {
  local name=$1 requirements=$2
  say "python packages for $name"
  rm -rf ".deps/$name"
  python3 -m venv ".deps/$name"
  ".deps/$name/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
}

node() {
  if ! command -v npm >/dev/null; then debian nodejs npm; fi
  local dir=.deps/duckdb p
  say "the SQL engine: $DUCKDB_HEADERS, $DUCKDB_LIBRARY"
  rm -rf "$dir" && mkdir -p "$dir/headers" "$dir/library"
  (cd "$dir" && for p in "$DUCKDB_HEADERS" "$DUCKDB_LIBRARY"; do npm pack --silent "$p" >/dev/null; done
    tar -xzf duckdb-[0-9]*.tgz -C headers --strip-components=1 \
      package/src/duckdb/src/include package/src/duckdb/third_party
    tar -xzf duckdb-node-bindings-*.tgz -C library --strip-components=1
    rm -f ./*.tgz)
}

# What Python functions find without packing it.
lambda_python() {
  say "the SDK for Lambda functions"
  rm -rf .deps/lambda-python
  .deps/python/bin/pip install --quiet --disable-pip-version-check --target .deps/lambda-python -r tools/requirements-lambda.txt
}

# What runs Java functions: only where somebody has a JDK and Maven.
lambda_java() {
  say "the runtime interface client for Java functions"
  rm -rf .deps/lambda-java
  mvn -q -B -f tools/lambda-java.xml dependency:copy-dependencies -DoutputDirectory="$PWD/.deps/lambda-java"
}

# The drivers of the JDBC tests: only where somebody has a JDK and Maven.
jdbc() {
  say "the JDBC drivers"
  rm -rf .deps/jdbc
  mvn -q -B -f tools/jdbc.xml dependency:copy-dependencies -DoutputDirectory="$PWD/.deps/jdbc"
}

mkdir -p .deps
debian "${DEBIAN[@]}"
debian "${DEBIAN_TOOLS[@]}"
stamped node "$DUCKDB_HEADERS $DUCKDB_LIBRARY" node
stamped python "$(cat tools/requirements.txt)" venv python tools/requirements.txt
stamped lambda-python "$(cat tools/requirements-lambda.txt)" lambda_python
if command -v javac >/dev/null && command -v mvn >/dev/null; then
  stamped lambda-java "$(cat tools/lambda-java.xml)" lambda_java
fi
# The protocol cases that the wire tests run: in botocore's source package, not in its wheel.
.deps/python/bin/python tests/wire/fetch_cases.py >/dev/null
if [ "${1:-}" = clients ]; then
  debian postgresql unixodbc odbc-postgresql
  if command -v javac >/dev/null && command -v mvn >/dev/null; then
    stamped jdbc "$(cat tools/jdbc.xml)" jdbc
  fi
  for group in boto3-1.26 boto3-1.34 awscli s3fs redshift dbt athena-clients dbt-athena pyiceberg; do
    stamped "$group" "$(cat "tools/requirements-$group.txt")" venv "$group" "tools/requirements-$group.txt"
  done
fi
say "ready"
