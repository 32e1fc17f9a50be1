#!/usr/bin/env bash
# Fills .gpu/, which git ignores, with what scripts/gpu-run.sh needs on a machine with a GPU where nothing is installed: Node, the headers
# of Node-API, and the tests, packages and benchmarks as plain JavaScript.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mkdir -p .gpu/include
binary=$(readlink -f "$(command -v node)")
stamp="$(node -v) $(stat -c '%s %Y' "$binary")"
# The first time there is no stamp yet, which is no failure: nothing equals no stamp.
if [ "$(cat .gpu/node.stamp 2>/dev/null || true)" != "$stamp" ]; then
  stripped=$(mktemp)
  cp "$binary" "$stripped"
  # Symbols only make it larger: where there is no strip, or it fails, it keeps them.
  strip "$stripped" 2>/dev/null || true
  gzip -6 -c "$stripped" > .gpu/node.gz
  rm -f "$stripped"
  echo "$stamp" > .gpu/node.stamp
fi

cd packages/knetarray-cuda
cp "$(node -p "require('node-api-headers').include_dir")"/*.h ../../.gpu/include/
cp "$(node -p "require('path').dirname(require.resolve('node-addon-api/napi.h'))")"/napi*.h ../../.gpu/include/
cd ../..

node scripts/main.mjs gpu-bundle .gpu/run
tar czf .gpu/run.tar.gz -C .gpu run
rm -rf .gpu/run
du -sh .gpu
