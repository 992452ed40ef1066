import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { inspect } from 'node:util';
import { ApiError, ServerError, ValidationError, type User } from '../../src/index.js';
import { always, serve, type Seen } from '../server.js';

const cursorOf = ({ url }: Seen) => new URL(url, 'http://host').searchParams.get('cursor');

/** Serves the numbers below total in pages of three; fails once at each page listed. */
function numbers(t: TestContext, total: number, failing: number[] = []) {
  return serve(t, (request: Seen) => {
    const start = Number(cursorOf(request) ?? 0);
    if (failing.includes(start)) {
      failing.splice(failing.indexOf(start), 1);
      return { status: 503, headers: { 'retry-after': '0' } };
    }
    const data = Array.from({ length: Math.min(3, total - start) }, (_, i) => ({ id: String(start + i) }));
    return { json: { data, nextCursor: start + 3 < total ? String(start + 3) : null, totalCount: total } };
  });
}

const ids = (users: User[]) => users.map((user) => user.id).join();

// Regression: a page that could be iterated was sent by React as a stream of everything after it.
test('what resolves is data and nothing else', async (t) => {
  const server = await numbers(t, 7);
  const body = { data: [{ id: '0' }, { id: '1' }, { id: '2' }], nextCursor: '3', totalCount: 7 };
  const call = server.client().users.list({ limit: 3 });
  const page = await call;
  for (const each of [page, (await call.withResponse()).data]) {
    assert.deepEqual(each, body);
    assert.equal(Object.getPrototypeOf(each), Object.prototype);
    assert.deepEqual(Reflect.ownKeys(each), Object.keys(body));
  }
  assert.equal(server.seen.length, 1);
});

test('pages asks with the same parameters and options, until there is none', async (t) => {
  const server = await numbers(t, 7);
  const pages: string[] = [];
  for await (const page of server.client().users.list({ limit: 3 }, { headers: { 'x-app': 'web' } }).pages()) pages.push(ids(page.data));
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

test('iterating can begin at a cursor, and again', async (t) => {
  const server = await numbers(t, 7);
  const call = server.client().users.list({ cursor: '3' });
  for (let i = 0; i < 2; i++) {
    const users: User[] = [];
    for await (const user of call) users.push(user);
    assert.equal(ids(users), '3,4,5,6');
  }
  assert.equal(server.seen.length, 3, 'the first page is that of the call');
});

test('leaving the loop asks for no further page', async (t) => {
  const server = await numbers(t, 100);
  for await (const user of server.client().users.list()) if (user.id === '4') break;
  assert.equal(server.seen.length, 2);
  for await (const page of server.client().users.list().pages()) if (page.nextCursor === '6') break;
  assert.equal(server.seen.length, 4);
});

test('toArray takes as many pages as it needs', async (t) => {
  const server = await numbers(t, 100);
  const { users } = server.client();
  assert.equal(ids(await users.list().toArray({ limit: 4 })), '0,1,2,3');
  assert.equal(server.seen.length, 2);
  assert.equal(ids(await users.list().toArray({ limit: 3 })), '0,1,2');
  assert.equal(server.seen.length, 3, 'a page that is enough is not followed by another');
  assert.equal(ids(await users.list().toArray({ limit: 1 })), '0');
  assert.equal((await users.list().toArray({ limit: Infinity })).length, 100);
});

// Regression: no argument was an error about destructuring, and limits that mean nothing gave an empty array.
const noLimits = [undefined, null, 0, -1, NaN, -Infinity, 1.5, '3', 3n, [3], true].map((limit) => ({ limit }));
for (const options of [undefined, null, {}, 3, ...noLimits]) {
  test(`toArray refuses ${inspect(options)}`, async (t) => {
    const server = await numbers(t, 7);
    const call = server.client().users.list();
    await assert.rejects(call.toArray(options as { limit: number }), {
      name: 'TypeError',
      message: 'toArray takes { limit }, a whole number from 1 on: the most rows to collect',
    });
    // The call itself is as good as before; left on its way, it would end in another test.
    assert.equal(ids((await call).data), '0,1,2');
  });
}

test('the limit of a page is sent as it is: the API checks it', async (t) => {
  const server = await always(t, { status: 422, json: { code: 'validation_failed' } });
  const limits = [0, -1, NaN, 1.5];
  for (const limit of limits) await assert.rejects(server.client().users.list({ limit }).pages().next(), ValidationError);
  assert.deepEqual(server.seen.map(({ url }) => url), limits.map((limit) => `/v1/users?limit=${limit}`));
});

test('an empty list', async (t) => {
  const server = await always(t, { json: { data: [], nextCursor: null } });
  const { users } = server.client();
  assert.deepEqual(await users.list().toArray({ limit: 10 }), []);
  for await (const user of users.list()) assert.fail(user.id);
  assert.equal(server.seen.length, 2);
});

test('a page that fails ends the loop with its error', async (t) => {
  const server = await serve(t, (_, n) => (n ? { status: 500 } : { json: { data: [{ id: '0' }], nextCursor: 'x' } }));
  const users: User[] = [];
  await assert.rejects(async () => {
    for await (const user of server.client().users.list()) users.push(user);
  }, ServerError);
  assert.equal(ids(users), '0');
});

test('a signal ends the loop between pages', async (t) => {
  const server = await numbers(t, 100);
  const controller = new AbortController();
  await assert.rejects(async () => {
    for await (const user of server.client().users.list({}, { signal: controller.signal })) if (user.id === '2') controller.abort();
  }, { name: 'AbortError' });
  assert.equal(server.seen.length, 1);
});

// Regression: where the parameters of a request were lost, each page was the first one again, without end.
for (const [name, next, met] of [
  ['one page again', () => 'a', 1],
  ['two pages in turn', (cursor: string | null) => (cursor === 'a' ? 'b' : 'a'), 2],
  ['a cycle after a while', (cursor: string | null) => String((Number(cursor) + 1) % 100 || 90), 150],
] as const) {
  test(`a server that answers ${name} ends the loop with an error`, async (t) => {
    const server = await serve(t, (request) => {
      const cursor = cursorOf(request);
      return { json: { data: [{ id: cursor ?? 'first' }], nextCursor: next(cursor) }, headers: { 'x-request-id': 'req-1' } };
    });
    const users: User[] = [];
    await assert.rejects(
      async () => {
        for await (const user of server.client().users.list()) users.push(user);
      },
      (error) => {
        assert.ok(error instanceof ApiError);
        assert.equal(error.message, 'GET /v1/users: 200, but its nextCursor is that of an earlier page');
        assert.equal(error.requestId, 'req-1');
        return true;
      },
    );
    assert.ok(users.length <= met, `${users.length} users were met, want at most ${met}`);
  });
}

test('a server that leaves nextCursor out, or empty, has no further page', async (t) => {
  for (const nextCursor of [undefined, '']) {
    const server = await always(t, { json: { data: [{ id: '0' }], nextCursor } });
    assert.equal(ids(await server.client().users.list().toArray({ limit: 10 })), '0');
    assert.equal(server.seen.length, 1);
  }
});
