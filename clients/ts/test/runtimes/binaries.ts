import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { build } from 'esbuild';

const root = new URL('../../../', import.meta.url).pathname;

/** The path of a runtime's binary. One that is missing fails the tests. */
export async function binary(name: string): Promise<string> {
  const modules = `${root}.runtimes/node_modules/`;
  const files = await readdir(modules, { recursive: true }).catch(() => []);
  const file = files.find((each) => new RegExp(`(^|/)${name}$`).test(each) && !each.endsWith(`@${name}`));
  assert.ok(file, `${name} is missing: run "npm run test:runtimes -w clients/ts"`);
  return modules + file;
}

/** Writes a module that uses the built files as one file. */
export async function bundle(contents: string, outfile: string): Promise<void> {
  await build({
    stdin: { contents, resolveDir: `${root}.test` },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    external: ['bun:test'],
    outfile,
  });
}
