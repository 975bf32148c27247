#!/usr/bin/env bash
# Installs what Flow needs on Debian 12 and is not there yet. As root or with sudo, and only if something is missing:
# when all is there it takes a moment and needs neither rights nor network.
set -euo pipefail

# The compiler and what it is made of.
packages="clang-19 llvm-19-dev lld-19 liblld-19-dev g++ cmake ninja-build pkg-config flex bison ccache
  libfmt-dev libxxhash-dev libzstd-dev zlib1g-dev libre2-dev libcli11-dev"
# What the tests use as well: FileCheck and lit, sanitizers, GoogleTest, drivers in Python, dot for svg.
packages="$packages llvm-19-tools libclang-rt-19-dev libgtest-dev libgmock-dev python3 python3-psutil zstd
  clang-format-19 clang-tidy-19 graphviz"
# What the benchmarks compare with.
packages="$packages libsimdjson-dev"

missing=""
installed=" $(dpkg-query -W -f '${db:Status-Status}:${Package} ' $packages 2>/dev/null || true)"
for package in $packages; do
  case "$installed" in
    *" installed:$package "*) ;;
    *) missing="$missing $package" ;;
  esac
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "setup: apt-get is not there. Flow is built on Debian 12; elsewhere install by hand:$missing" >&2
  exit 1
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "setup: run this as root, or install sudo; missing:$missing" >&2
    exit 1
  fi
  as_root="sudo"
fi
echo "setup: installing$missing"
export DEBIAN_FRONTEND=noninteractive
for attempt in 1 2 3; do
  if $as_root apt-get update -qq &&
     $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null; then
    exit 0
  fi
  [ "$attempt" = 3 ] || { echo "setup: trying again in ten seconds" >&2; sleep 10; }
done
echo "setup: apt-get could not install:$missing" >&2
exit 1
