#!/bin/sh
# Bundles the editor into dist/editor.js. Does nothing when it is fresh; without npm it leaves a stub, and the page keeps its textarea.
set -eu
cd "$(dirname "$0")/../.."
out=web/editor/dist/editor.js
if [ -f "$out" ] && [ -z "$(find web/editor/src package.json package-lock.json -newer "$out")" ]; then exit 0; fi
mkdir -p web/editor/dist
if [ ! -x node_modules/.bin/esbuild ]; then
  if ! command -v npm >/dev/null 2>&1 || ! npm ci --no-audit --no-fund; then
    echo "no npm: the page keeps its plain text area" >&2
    echo 'throw new Error("built without the editor");' > "$out"
    exit 0
  fi
fi
node_modules/.bin/esbuild web/editor/src/editor.js --bundle --minify --format=esm --target=es2022 --legal-comments=none --outfile="$out" --log-level=warning
