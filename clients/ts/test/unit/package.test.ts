import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { always, user } from '../server.js';

const root = new URL('../../../', import.meta.url).pathname;
const exec = promisify(execFile);

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'core-sdk-'));
  t.after(() => rm(dir, { recursive: true }));
  return dir;
}

test('it weighs what it may', async (t) => {
  const { stdout } = await exec('node', ['scripts/size.mjs', '--json'], { cwd: root });
  t.diagnostic(`bytes, minified and gzipped: ${stdout.trim()}`);
});

test('it has no dependencies and no side effects', async () => {
  const manifest = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as Record<string, unknown>;
  assert.equal(manifest['dependencies'], undefined);
  // What an entry point needs is only needed by those who use it.
  const optional = manifest['peerDependenciesMeta'] as Record<string, { optional: boolean }>;
  for (const peer of Object.keys(manifest['peerDependencies'] as object)) assert.equal(optional[peer]?.optional, true, peer);
  assert.equal(manifest['sideEffects'], false);
});

// Regression: minifiers rename classes; an error that took its name from its class would be logged as `e`.
test('errors keep class and name in a minified bundle', async (t) => {
  const server = await always(t, { status: 404, json: { code: 'not_found' } });
  const dir = await folder(t);
  await build({
    stdin: {
      contents: `
        import { CoreApiClient, NotFoundError, ConflictError } from './src/index.js';
        const client = new CoreApiClient({ baseUrl: ${JSON.stringify(server.baseUrl)}, authToken: 't' });
        export const seen = await client.users.get('018f').catch((error) => ({
          name: error.name, right: error instanceof NotFoundError, wrong: error instanceof ConflictError,
        }));`,
      resolveDir: root,
    },
    bundle: true,
    minify: true,
    format: 'esm',
    outfile: join(dir, 'bundle.mjs'),
  });
  assert.doesNotMatch(await readFile(join(dir, 'bundle.mjs'), 'utf8'), /class NotFoundError/);
  const { seen } = (await import(join(dir, 'bundle.mjs'))) as { seen: unknown };
  assert.deepEqual(seen, { name: 'NotFoundError', right: true, wrong: false });
});

const bin = (name: string) => join(root, '..', '..', 'node_modules', '.bin', name);

let packed: Promise<string> | undefined;
/** What npm would publish. Made once. */
function tarball(): Promise<string> {
  packed ??= mkdtemp(join(tmpdir(), 'core-sdk-')).then(async (dir) => {
    await exec('npm', ['pack', '--silent', '--ignore-scripts=false', '--pack-destination', dir], { cwd: root });
    return join(dir, (await readdir(dir))[0] ?? '');
  });
  return packed;
}
after(async () => packed && rm(join(await packed, '..'), { recursive: true }));

/** Puts what npm would publish into a project's node_modules, as npm install does. */
async function install(dir: string): Promise<void> {
  const home = join(dir, 'node_modules', '@lockstep', 'core-sdk');
  await mkdir(home, { recursive: true });
  await exec('tar', ['-xzf', await tarball(), '-C', home, '--strip-components=1']);
}

test('publint and are-the-types-wrong have nothing to say about what npm packs', async () => {
  await exec(bin('publint'), ['--strict', await tarball()]);
  await exec(bin('attw'), [await tarball(), '--profile', 'esm-only']);
});

test('what npm packs is all that runs, and nothing of the tests', async () => {
  const { stdout } = await exec('tar', ['-tzf', await tarball()]);
  const files = stdout.trim().split('\n');
  for (const entry of ['index', 'react-query', 'validation', 'next']) {
    assert.ok(files.includes(`package/dist/${entry}.js`) && files.includes(`package/dist/${entry}.d.ts`), entry);
  }
  for (const page of ['README.md', 'docs/README.md', 'docs/users.md']) assert.ok(files.includes(`package/${page}`), page);
  assert.deepEqual(files.filter((file) => /test|node_modules|tsconfig/.test(file)), []);
});

test('the tests run on the files that npm packs', async (t) => {
  const dir = await folder(t);
  await install(dir);
  const packed = join(dir, 'node_modules/@lockstep/core-sdk/dist');
  const files = (await readdir(packed, { recursive: true })).filter((file) => file.endsWith('.js'));
  assert.ok(files.length > 15);
  for (const file of files) {
    assert.equal(await readFile(join(packed, file), 'utf8'), await readFile(`${root}.test/src/${file}`, 'utf8'), file);
  }
});

// Regression: TS2742, the inferred type cannot be named, wherever a module exported a page.
test('what a module infers from the SDK can be written into its declarations, and read from them', async (t) => {
  const dir = await folder(t);
  await install(dir);
  for (const peer of ['@tanstack', '@types', 'react', 'next', 'server-only']) {
    await symlink(join(root, '../../node_modules', peer), join(dir, 'node_modules', peer));
  }
  await writeFile(join(dir, 'package.json'), '{ "type": "module" }');
  await writeFile(
    join(dir, 'module.ts'),
    `import { CoreApiClient, type UserPage } from '@lockstep/core-sdk';
     import { cached, serverApi } from '@lockstep/core-sdk/next';
     import { coreQueries } from '@lockstep/core-sdk/react-query';
     export const client = new CoreApiClient({ baseUrl: 'https://api.example.com', authToken: 't' });
     export const list = (limit: number) => client.users.list({ limit });
     export const page = await list(1);
     export const plain: UserPage = page;
     export const pages = () => list(1).pages();
     export const items = () => list(1)[Symbol.asyncIterator]();
     export const some = () => list(1).toArray({ limit: 7 });
     export const wide = () => client.users.list({ expand: ['roles', 'managedUsers.roles'] });
     export const widePage = await wide();
     export const user = () => client.users.get('7', { expand: ['managedUsers.roles'] });
     export const whole = () => list(1).withResponse();
     export const gone = () => client.users.delete('7');
     export const everything = [client.users, client.roles, client.tenants, client.userRoles, client.me] as const;
     export const queries = coreQueries(client);
     export const query = () => queries.users.list({ expand: ['roles'] });
     export const api = serverApi(() => ({ baseUrl: 'https://api.example.com', authToken: 't' }));
     export const kept = cached(60);
     export class Users { list = client.users.list({ limit: 2 }); async first() { return (await this.list).data[0]; } }`,
  );
  await writeFile(
    join(dir, 'use.ts'),
    `import { page, query, some, user, widePage } from './out/module.js';
     const n: number | undefined = page.totalCount;
     const names: string[] = (await some()).map(({ displayName }) => displayName);
     const roles: string[] | undefined = widePage.data[0]?.roles.map(({ name }) => name);
     const more: string[][] = (await user()).managedUsers.map(({ roles }) => roles.map(({ id }) => id));
     const key: readonly unknown[] = query().queryKey;
     // @ts-expect-error a page is data
     page.nextPage();
     export { key, more, n, names, roles };`,
  );
  const tsc = join(root, '..', '..', 'node_modules', 'typescript', 'bin', 'tsc');
  const strict = ['--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2022,dom,dom.iterable', '--types', 'node'];
  const compile = (...argv: string[]) =>
    exec('node', [tsc, ...strict, ...argv], { cwd: dir }).catch(({ stdout }: { stdout: string }) => assert.fail(stdout));
  await compile('--declaration', '--outDir', 'out', 'module.ts');
  await compile('--noEmit', 'use.ts');
});

test('what npm packs is bundled by Vite, without what is not used', async (t) => {
  const server = await always(t, { status: 404, json: { code: 'not_found' } });
  const dir = await folder(t);
  await install(dir);
  await writeFile(
    join(dir, 'main.js'),
    `import { CoreApiClient, NotFoundError } from '@lockstep/core-sdk';
     const client = new CoreApiClient({ baseUrl: ${JSON.stringify(server.baseUrl)}, authToken: 't' });
     export const seen = await client.users.get('018f').catch((error) => [error instanceof NotFoundError, error.name]);`,
  );
  const { build } = await import('vite');
  await build({
    root: dir,
    configFile: false,
    logLevel: 'error',
    build: { lib: { entry: 'main.js', formats: ['es'], fileName: 'out' }, minify: true, target: 'es2022' },
  });
  const out = join(dir, 'dist', (await readdir(join(dir, 'dist')))[0] ?? '');
  assert.doesNotMatch(await readFile(out, 'utf8'), /valibot|tanstack|next\/cache/);
  const { seen } = (await import(out)) as { seen: unknown };
  assert.deepEqual(seen, [true, 'NotFoundError']);
});

test('what npm packs works in plain Node, by import and by require, and has types', async (t) => {
  const server = await always(t, { json: user });
  const dir = await folder(t);
  await install(dir);
  const use = `
    const client = new CoreApiClient({ baseUrl: ${JSON.stringify(server.baseUrl)}, authToken: 't' });
    client.users.get('018f').then((user) => console.log(user.displayName));`;
  await writeFile(join(dir, 'esm.mjs'), `import { CoreApiClient } from '@lockstep/core-sdk';${use}`);
  await writeFile(join(dir, 'cjs.cjs'), `const { CoreApiClient } = require('@lockstep/core-sdk');${use}`);
  for (const script of ['esm.mjs', 'cjs.cjs']) {
    const { stdout } = await exec('node', ['--no-warnings', script], { cwd: dir });
    assert.equal(stdout, 'Ada\n', script);
  }
  await writeFile(
    join(dir, 'types.mts'),
    `import type { CoreApiClient, UserWithRoles } from '@lockstep/core-sdk';
     export const get = (client: CoreApiClient): Promise<UserWithRoles> => client.users.get('018f');`,
  );
  const tsc = join(root, '..', '..', 'node_modules', 'typescript', 'bin', 'tsc');
  const strict = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--module', 'nodenext', '--target', 'es2022'];
  await exec('node', [tsc, ...strict, '--lib', 'es2022,dom,dom.iterable', 'types.mts'], { cwd: dir });
});
