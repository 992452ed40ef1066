// Prints what the SDK weighs in a browser bundle, minified and gzipped, and fails above the budget: node size.mjs [--json].
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** Bytes. `core` is everything hand-written; `client` has all resources of the contract as well. */
const budgets = { core: 4096, client: 8192 };
const entries = {
  core: `export * from './src/core/index.js';
    export { Transport } from './src/core/transport.js';
    export { path } from './src/core/url.js';`,
  client: `export * from './src/index.js';`,
};

const sizes = {};
for (const [name, contents] of Object.entries(entries)) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: new URL('..', import.meta.url).pathname },
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
  });
  sizes[name] = gzipSync(outputFiles[0].contents, { level: 9 }).length;
}
console.log(process.argv.includes('--json') ? JSON.stringify(sizes) : sizes);
for (const [name, budget] of Object.entries(budgets)) {
  if (sizes[name] > budget) {
    console.error(`${name} weighs ${sizes[name]} bytes, above its budget of ${budget}`);
    process.exitCode = 1;
  }
}
