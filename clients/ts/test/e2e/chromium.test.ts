// The built files in a real browser, whose own code reads promises, and which goes without features that Node needs itself.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test, type TestContext } from 'node:test';
import { chromium, type Browser, type Page } from 'playwright-core';
import type * as Sdk from '../../src/index.js';
import { features, find, forgetCause, has, remove } from '../features.js';
import { serveSeven, type Seven } from '../seven.js';
import { expected, use } from '../use.js';

let browser: Browser;
let api: Seven;

before(async () => {
  api = await serveSeven();
  const executablePath = process.env['CHROMIUM_PATH'] || '/usr/bin/chromium';
  assert.ok(existsSync(executablePath), `${executablePath} is missing: install Chromium or set CHROMIUM_PATH`);
  browser = await chromium.launch({
    executablePath,
    // No sandbox: it needs user namespaces, which root in a container does not have. The rest keeps the browser offline.
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
});

after(async () => {
  await browser?.close();
  api?.stop();
});

/** A page whose scripts have `sdk`, the module, and `client`; `first` runs in it before anything else. */
async function open(t: TestContext, first: string): Promise<Page> {
  const context = await browser.newContext();
  t.after(() => context.close());
  await context.addInitScript(first);
  const page = await context.newPage();
  await page.goto(api.origin);
  await page.evaluate(async () => {
    const sdk = (await import(`${location.origin}/index.js`)) as typeof Sdk;
    Object.assign(globalThis, { sdk, client: new sdk.CoreApiClient({ baseUrl: location.origin, authToken: 'secret' }) });
  });
  api.asked.length = 0;
  return page;
}

// In pages.
declare const client: Sdk.CoreApiClient;

for (const without of ['nothing', 'Error.cause', ...features, 'all of them']) {
  test(`the client works in a browser without ${without}`, async (t) => {
    const gone = without === 'all of them' ? features : features.filter((feature) => feature === without);
    const forget = without === 'Error.cause' ? forgetCause : () => undefined;
    const page = await open(t, `(${forget})(); const find = ${find}; const has = ${has}; ${JSON.stringify(gone)}.forEach(${remove})`);
    assert.deepEqual(await page.evaluate(use), expected);
    assert.ok(api.asked.includes('GET /v1/users?status=active&createdAt%5Bgte%5D=2026-01-01T00%3A00%3A00Z&cursor=6'), api.asked.join('\n'));
  });
}

// Regression: the browser took a call for fulfilled with undefined, and let the lock go before the answer was there.
test('a lock is held until the answer is there, and gives it', async (t) => {
  const page = await open(t, '');
  const seen = await page.evaluate(async () => {
    const me = await navigator.locks.request('a', () => client.me.get());
    const failed = await navigator.locks.request('a', () => client.roles.get('7')).then(() => 'fulfilled', (error: Error) => error.name);
    const list = await navigator.locks.request('a', () => client.users.list());
    return { me, failed, ids: list.data.map(({ id }) => id) };
  });
  assert.deepEqual(seen, { me: { userId: '7', permissions: [] }, failed: 'NotFoundError', ids: ['0', '1', '2'] });
});

test('a page crosses to a worker by itself, and an error by its problem', async (t) => {
  const page = await open(t, '');
  const seen = await page.evaluate(async () => {
    const code = 'onmessage = ({ data }) => postMessage(data)';
    const worker = new Worker(URL.createObjectURL(new Blob([code])));
    const echo = (value: unknown) =>
      new Promise<unknown>((resolve) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.postMessage(value);
      });
    const problem = await client.roles.get('7').then(() => undefined, (error: Sdk.ApiError) => error.problem);
    return [await echo(await client.users.list()), await echo(problem)];
  });
  assert.deepEqual(seen, [
    { data: [{ id: '0' }, { id: '1' }, { id: '2' }], nextCursor: '3' },
    { code: 'not_found', detail: 'no such thing' },
  ]);
  assert.equal(api.asked.length, 2);
});
