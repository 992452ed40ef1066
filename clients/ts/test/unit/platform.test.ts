import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { transform } from 'esbuild';
import { features, has, neededByNode } from '../features.js';

const exec = promisify(execFile);
const root = new URL('../../../', import.meta.url).pathname;

/** Runs the tests of a client on the files in built, without a feature. Resolves to the names of those that fail. */
async function failures(without: string, built = `${root}.test`): Promise<string[]> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const run = exec('node', ['--test-reporter=tap', '--import', `${built}/test/without.js`, `${built}/test/client.js`], {
    env: { ...env, WITHOUT: without },
    timeout: 120_000,
    maxBuffer: 2 ** 24,
  });
  const { stdout, stderr, code } = await run.then(
    (done) => ({ ...done, code: 0 }),
    (error: { stdout: string; stderr: string; code: number }) => error,
  );
  assert.match(stdout, /^# pass [1-9]\d\d/m, `the tests did not run: ${stderr}`);
  const names = [...stdout.matchAll(/^not ok \d+ - (.*)$/gm)].map(([, name = '']) => name);
  assert.equal(code === 0, names.length === 0, `node ended with ${code}: ${stderr}`);
  return names;
}

const here = features.filter((feature) => has(feature) && !neededByNode.includes(feature));

// Several at a time: they wait more than they work.
test('each test of a client passes without each younger feature of the platform', { concurrency: 6 }, async (t) => {
  assert.ok(here.length > 15, `Node ${process.version} has ${here.length} of the features`);
  await Promise.all([...here, 'Error.cause', here.join(' ')].map((without) =>
    t.test(without, async () => assert.deepEqual(await failures(without), [])),
  ));
});

// Regression: URLSearchParams.size is undefined in Safari 16, so no parameter was sent, and a list never ended.
test('a use of a younger feature is seen', async (t) => {
  const built = await mkdtemp(`${root}.test-`);
  t.after(() => rm(built, { recursive: true }));
  await cp(`${root}.test`, built, { recursive: true });
  const file = join(built, 'src/core/url.js');
  const code = await readFile(file, 'utf8');
  const planted = code.replace('return text && `?${text}`', 'return search.size > 0 ? `?${text}` : ""');
  assert.notEqual(planted, code);
  await writeFile(file, planted);
  const failed = await failures('URLSearchParams.prototype.size', built);
  for (const name of ['queryString', 'iterating a list yields the items of all pages']) assert.ok(failed.includes(name), failed.join());
  assert.deepEqual(await failures('AbortSignal.any', built), []);
});

test('the oldest promised browsers know the syntax, and the README names them', async () => {
  const { browserslist: oldest, engines } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as {
    browserslist: string[];
    engines: { node: string };
  };
  const readme = await readFile(`${root}README.md`, 'utf8');
  const target = oldest.map((each) => each.replace(' >= ', '').toLowerCase());
  assert.ok(target.length >= 4);
  for (const each of [...oldest, `node ${engines.node}`]) {
    const [name = '', version = ''] = each.split(/ ?>= ?/);
    assert.match(readme, new RegExp(`\\| ${name}\\b[^|]*\\| ${version} `, 'i'), each);
  }
  for (const file of ['errors', 'exchange', 'page', 'promise', 'retry', 'token', 'transport', 'url'].map((name) => `core/${name}`)) {
    const code = await readFile(`${root}.test/src/${file}.js`, 'utf8');
    const [old, latest] = await Promise.all([target, 'esnext'].map((to) => transform(code, { target: to })));
    assert.equal(old?.code, latest?.code, `${file}.js has syntax that ${target.join()} lack`);
  }
  const younger = (await transform('class A { static { this.b = 1 } }', { target })).code;
  assert.doesNotMatch(younger, /static \{/, 'younger syntax is seen');
});
