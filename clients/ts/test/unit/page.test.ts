import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { CursorPage, ServerError, type User } from '../../src/index.js';
import { always, serve, type Seen } from '../server.js';

/** Serves the numbers below total in pages of three; fails once at each page listed. */
function numbers(t: TestContext, total: number, failing: number[] = []) {
  return serve(t, (request: Seen) => {
    const start = Number(new URL(request.url, 'http://host').searchParams.get('cursor') ?? 0);
    if (failing.includes(start)) {
      failing.splice(failing.indexOf(start), 1);
      return { status: 503, headers: { 'retry-after': '0' } };
    }
    const data = Array.from({ length: Math.min(3, total - start) }, (_, i) => ({ id: String(start + i) }));
    return { json: { data, nextCursor: start + 3 < total ? String(start + 3) : null, totalCount: total } };
  });
}

const ids = (users: User[]) => users.map((user) => user.id).join();

test('a page holds its items, the cursor and whatever else the body has', async (t) => {
  const server = await numbers(t, 7);
  const page = await server.client().users.list({ limit: 3 });
  assert.ok(page instanceof CursorPage);
  assert.equal(ids(page.data), '0,1,2');
  assert.equal(page.nextCursor, '3');
  assert.deepEqual(JSON.parse(JSON.stringify(page)), {
    data: [{ id: '0' }, { id: '1' }, { id: '2' }],
    nextCursor: '3',
    totalCount: 7,
  });
});

test('nextPage asks with the same parameters and options, until there is none', async (t) => {
  const server = await numbers(t, 7);
  const pages: string[] = [];
  let page = await server.client().users.list({ limit: 3 }, { headers: { 'x-app': 'web' } });
  for (let next: typeof page | null = page; next; next = await page.nextPage()) {
    page = next;
    pages.push(ids(page.data));
  }
  assert.deepEqual(pages, ['0,1,2', '3,4,5', '6']);
  assert.deepEqual(
    server.seen.map((request) => `${request.url} ${request.headers['x-app']}`),
    ['/v1/users?limit=3 web', '/v1/users?limit=3&cursor=3 web', '/v1/users?limit=3&cursor=6 web'],
  );
});

test('iterating a list yields the items of all pages', async (t) => {
  const server = await numbers(t, 7, [3, 6]);
  const users: User[] = [];
  for await (const user of server.client().users.list()) users.push(user);
  assert.equal(ids(users), '0,1,2,3,4,5,6');
  assert.equal(server.seen.length, 5, 'three pages, two of which failed once');
});

test('iterating can begin at a page, and again', async (t) => {
  const server = await numbers(t, 7);
  const page = await (await server.client().users.list()).nextPage();
  for (let i = 0; i < 2; i++) {
    const users: User[] = [];
    for await (const user of page ?? []) users.push(user);
    assert.equal(ids(users), '3,4,5,6');
  }
});

test('leaving the loop asks for no further page', async (t) => {
  const server = await numbers(t, 100);
  for await (const user of server.client().users.list()) if (user.id === '4') break;
  assert.equal(server.seen.length, 2);
});

test('toArray takes as many pages as it needs', async (t) => {
  const server = await numbers(t, 100);
  const { users } = server.client();
  assert.equal(ids(await users.list().toArray({ limit: 4 })), '0,1,2,3');
  assert.equal(server.seen.length, 2);
  assert.equal(ids(await users.list().toArray({ limit: 3 })), '0,1,2');
  assert.equal(server.seen.length, 3, 'a page that is enough is not followed by another');
  assert.equal(ids(await (await users.list()).toArray({ limit: 0 })), '');
});

test('an empty list', async (t) => {
  const server = await always(t, { json: { data: [], nextCursor: null } });
  assert.deepEqual(await server.client().users.list().toArray({ limit: 10 }), []);
  assert.equal(await (await server.client().users.list()).nextPage(), null);
});

test('a page that fails ends the loop with its error', async (t) => {
  const server = await serve(t, (_, n) => (n ? { status: 500 } : { json: { data: [{ id: '0' }], nextCursor: 'x' } }));
  const users: User[] = [];
  await assert.rejects(async () => {
    for await (const user of server.client().users.list()) users.push(user);
  }, ServerError);
  assert.equal(ids(users), '0');
});
