#!/usr/bin/env bash
# React refuses class instances as props of client components ("Only plain objects … can be passed"), except those that are async
# iterable: it runs their iterator to its end, streams what it yields, and drops the object's own fields without a word.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private":true,"type":"module"}' > package.json
npm install --ignore-scripts --no-audit --no-fund --silent react@19.3.1 react-dom@19.3.1 react-server-dom-webpack@19.3.1
cat > run.mjs <<'JS'
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { version } from 'react';
import { renderToPipeableStream } from 'react-server-dom-webpack/server.node';

async function render(value) {
  const refused = [];
  let sent = '';
  const out = new PassThrough();
  renderToPipeableStream({ value }, {}, { onError: (error) => void refused.push(error.message) }).pipe(out);
  for await (const chunk of out) sent += chunk;
  return { sent, refused };
}

class Page {
  data = ['own field'];
}
class Iterable extends Page {
  async *[Symbol.asyncIterator]() {
    yield 'first row';
    yield 'row of a later page';
  }
}

const plain = await render(new Page());
const iterable = await render(new Iterable());
console.log(`React ${version}`);
console.log('class instance:', plain.refused[0]?.split('\n')[0]);
console.log('the same, async iterable:', iterable.refused.length ? iterable.refused : JSON.stringify(iterable.sent));
assert.match(plain.refused[0] ?? '', /Only plain objects/);
assert.deepEqual(iterable.refused, []);
assert.match(iterable.sent, /row of a later page/);
assert.doesNotMatch(iterable.sent, /own field/);
JS
node --conditions react-server run.mjs
