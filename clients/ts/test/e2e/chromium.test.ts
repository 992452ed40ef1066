// The built files in a real browser, whose own code reads promises, and which goes without features that Node needs itself.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test, type TestContext } from 'node:test';
import { chromium, type Browser, type Page } from 'playwright-core';
import type * as Sdk from '../../src/index.js';
import { features, find, forgetCause, has, remove } from '../features.js';

const built = new URL('../../src/', import.meta.url);
let browser: Browser;
let server: Server;
let origin: string;
/** Requests to the API, in the order they arrived. */
const asked: string[] = [];

/** Serves an empty page, the built files, and an API of seven users, three a page. */
before(async () => {
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://host');
    const json = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json', etag: '"1"', 'retry-after': '0' });
      response.end(JSON.stringify(body));
    };
    if (pathname.endsWith('.js')) {
      return void readFile(new URL(`.${pathname}`, built)).then((code) => {
        response.writeHead(200, { 'content-type': 'text/javascript' });
        response.end(code);
      });
    }
    if (!pathname.startsWith('/v1/')) {
      response.writeHead(200, { 'content-type': 'text/html' });
      return void response.end('<!DOCTYPE html><title>SDK</title>');
    }
    asked.push(`${request.method} ${request.url}`);
    if (pathname === '/v1/me') return json(200, { userId: '7', permissions: [] });
    if (pathname === '/v1/roles/busy') return json(asked.filter((each) => each.endsWith('/busy')).length % 2 ? 503 : 200, { id: 'busy' });
    if (pathname === '/v1/roles/slow') return;
    if (request.method === 'POST') return json(201, { id: request.headers['idempotency-key'] });
    if (pathname !== '/v1/users') return json(404, { code: 'not_found', detail: 'no such thing' });
    const start = Number(searchParams.get('cursor') ?? 0);
    const data = [0, 1, 2].map((i) => ({ id: String(start + i) })).slice(0, 7 - start);
    return json(200, { data, nextCursor: start + 3 < 7 ? String(start + 3) : null });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
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
  server?.closeAllConnections();
  server?.close();
});

/** A page whose scripts have `sdk`, the module, and `client`; `first` runs in it before anything else. */
async function open(t: TestContext, first: string): Promise<Page> {
  const context = await browser.newContext();
  t.after(() => context.close());
  await context.addInitScript(first);
  const page = await context.newPage();
  await page.goto(origin);
  await page.evaluate(async () => {
    const sdk = (await import(`${location.origin}/index.js`)) as typeof Sdk;
    Object.assign(globalThis, { sdk, client: new sdk.CoreApiClient({ baseUrl: location.origin, authToken: 'secret' }) });
  });
  asked.length = 0;
  return page;
}

// In pages.
declare const client: Sdk.CoreApiClient;
declare const sdk: typeof Sdk;

/** Runs in pages: what a client is for. Resolves to what should be `expected`. */
async function use(): Promise<unknown> {
  const ids: string[] = [];
  for await (const { id } of client.users.list({ status: ['active'], createdAt: { gte: '2026-01-01T00:00:00Z' } })) ids.push(id);
  const failed: unknown = await client.roles.get('7').catch((error: unknown) => error);
  const { etag } = await client.users.list().withResponse();
  const late: unknown = await client.roles.get('slow', { timeout: 20, maxRetries: 0 }).catch((error: unknown) => error);
  const controller = new AbortController();
  const aborted = client.roles.get('slow', { signal: controller.signal }).catch((error: unknown) => error);
  controller.abort('enough');
  return {
    ids: ids.join(),
    few: (await client.users.list().toArray({ limit: 4 })).length,
    failed: failed instanceof sdk.NotFoundError && [failed.name, failed.message, failed.code, failed.status],
    etag,
    late: late instanceof sdk.TimeoutError && late.cause !== undefined,
    aborted: await aborted,
    busy: (await client.roles.get('busy')).id,
    key: /^[0-9a-f]{32}$/.test((await client.users.create({ email: 'a@example.com', displayName: 'A' })).id),
    date: sdk.parseDate('2026-01-01T00:00:00Z').getTime(),
  };
}

const expected = {
  ids: '0,1,2,3,4,5,6',
  few: 4,
  failed: ['NotFoundError', 'GET /v1/roles/7: 404 not_found: no such thing', 'not_found', 404],
  etag: '"1"',
  late: true,
  aborted: 'enough',
  busy: 'busy',
  key: true,
  date: 1767225600000,
};

for (const without of ['nothing', 'Error.cause', ...features, 'all of them']) {
  test(`the client works in a browser without ${without}`, async (t) => {
    const gone = without === 'all of them' ? features : features.filter((feature) => feature === without);
    const forget = without === 'Error.cause' ? forgetCause : () => undefined;
    const page = await open(t, `(${forget})(); const find = ${find}; const has = ${has}; ${JSON.stringify(gone)}.forEach(${remove})`);
    assert.deepEqual(await page.evaluate(use), expected);
    assert.ok(asked.includes('GET /v1/users?status=active&createdAt%5Bgte%5D=2026-01-01T00%3A00%3A00Z&cursor=6'), asked.join('\n'));
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
  assert.equal(asked.length, 2);
});
