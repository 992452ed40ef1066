import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

const root = new URL('../../../../../', import.meta.url).pathname;

test('the package has the version of the contract', async () => {
  const version = async (file: string, read: (json: never) => unknown) => read(JSON.parse(await readFile(`${root}${file}`, 'utf8')) as never);
  const contract = await version('openapi/openapi.json', ({ info }: { info: { version: string } }) => info.version);
  assert.equal(await version('clients/ts/package.json', (manifest: { version: string }) => manifest.version), contract);
});
