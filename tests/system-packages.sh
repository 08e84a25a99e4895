#!/bin/sh
# The Debian packages that the tests use: the ODBC driver manager, FreeTDS, strace, openssl, a browser with a Chinese
# font, and what "python3 -m venv" needs.
# Installs those that are missing if it may; otherwise says so, and the tests that need them are skipped.
set -eu

missing=""
python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
# pyodbc and Microsoft's driver load the driver manager of the system.
python3 -c 'import ctypes; ctypes.CDLL("libodbc.so.2")' 2>/dev/null || missing="$missing unixodbc"
odbcinst -q -d -n FreeTDS >/dev/null 2>&1 || missing="$missing tdsodbc"
# Nights are killed, and their disks fail, at chosen system calls; a time stamping service is made of openssl.
command -v strace >/dev/null || missing="$missing strace"
command -v openssl >/dev/null || missing="$missing openssl"
# Reports are looked at as people do; a browser that lacks Chinese letters shows boxes.
command -v chromium >/dev/null || missing="$missing chromium"
[ -n "$(fc-list :lang=zh-cn family 2>/dev/null)" ] || missing="$missing fontconfig fonts-wqy-zenhei"
[ -n "$missing" ] || exit 0

by_hand() {
  echo "Not installed:$missing. Tests that need them are skipped. As root: apt-get install$missing"
  echo "未安装：$missing。需要它们的测试将被跳过。请以 root 身份运行：apt-get install$missing"
  exit 0
}

command -v apt-get >/dev/null || by_hand
root=""
if [ "$(id -u)" -ne 0 ]; then
  sudo -n true 2>/dev/null || by_hand
  root="sudo -n"
fi
# shellcheck disable=SC2086 # several words are meant
{
  $root apt-get update &&
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
} || by_hand
