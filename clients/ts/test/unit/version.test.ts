import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

const root = new URL('../../../../../', import.meta.url).pathname;
const read = async <T>(file: string): Promise<T> => JSON.parse(await readFile(root + file, 'utf8')) as T;

interface Manifest {
  name: string;
  version: string;
}

test('the package has the version of the contract', async () => {
  const { info } = await read<{ info: { version: string } }>('openapi/openapi.json');
  assert.equal((await read<Manifest>('clients/ts/package.json')).version, info.version);
});

// Regression: with another version than the workspace has, npm ci asks the registry for it, and fails.
test('the app takes whatever version the package has', async () => {
  const { name, version } = await read<Manifest>('clients/ts/package.json');
  const app = await read<{ dependencies: Record<string, string> }>('web/package.json');
  const lock = await read<{ packages: Record<string, { version?: string; dependencies?: Record<string, string> }> }>('package-lock.json');
  assert.equal(app.dependencies[name], '*');
  assert.equal(lock.packages['web']?.dependencies?.[name], '*');
  assert.equal(lock.packages['clients/ts']?.version, version);
});
