import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test, type TestContext } from 'node:test';
import { inspect } from 'node:util';
import { NotFoundError, type CoreApiClient } from '../../src/index.js';
import { always, serve, user } from '../server.js';

test('withResponse gives the data, the headers, the ETag and the request id', async (t) => {
  const server = await always(t, { json: user, headers: { etag: '"3"', 'x-request-id': 'req-1', 'x-other': 'o' } });
  const { data, response, etag, requestId } = await server.client().users.get('018f').withResponse();
  assert.deepEqual(data, user);
  assert.equal(etag, '"3"');
  assert.equal(requestId, 'req-1');
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('x-other'), 'o');
});

test('a call sends one request, however often it is looked at', async (t) => {
  const server = await always(t, { json: user });
  const call = server.client().users.get('018f');
  assert.ok(call instanceof Promise);
  const [first, { data: second }, third] = await Promise.all([call, call.withResponse(), call.then((u) => u)]);
  assert.deepEqual([first, second, third], [user, user, user]);
  assert.equal(server.seen.length, 1);
});

test('a call that nobody waits for sends its request', async (t) => {
  let arrived: (url: string) => void;
  const arrival = new Promise<string>((resolve) => (arrived = resolve));
  const server = await serve(t, ({ method, url }) => {
    arrived(`${method} ${url}`);
    return { status: 201, json: user };
  });
  void server.client().users.create({ email: 'ada@example.com', displayName: 'Ada' });
  assert.equal(await arrival, 'POST /v1/users');
});

test('then, catch and finally see the error', async (t) => {
  const server = await always(t, { status: 404 });
  const { users } = server.client();
  assert.ok((await users.get('018f').then(undefined, (error: unknown) => error)) instanceof NotFoundError);
  assert.ok((await users.get('018f').catch((error: unknown) => error)) instanceof NotFoundError);
  let ran = false;
  await assert.rejects(users.get('018f').finally(() => (ran = true)), NotFoundError);
  assert.ok(ran);
  const [settled] = await Promise.allSettled([users.get('018f')]);
  assert.ok(settled?.status === 'rejected' && settled.reason instanceof NotFoundError);
});

test('finally passes the data on', async (t) => {
  const server = await always(t, { json: user });
  assert.deepEqual(await server.client().users.get('018f').finally(() => undefined), user);
});

// Regression: a call's promise was fulfilled with undefined from the start, and its own `then` told otherwise. Native code does not
// ask `then`: workerd's waitUntil, Bun's test runner and navigator.locks took each call for done.
for (const [kind, call] of [
  ['get', ({ users }: CoreApiClient) => users.get('018f')],
  ['list', ({ users }: CoreApiClient) => users.list()],
] as const) {
  test(`native code sees the state of a call: ${kind}`, async (t) => {
    const server = await serve(t, ({ headers }) => (headers.authorization === 'Bearer secret' ? { json: user } : { status: 404 }));
    const good = call(server.client());
    assert.match(inspect(good), /^Promise \{\s+<pending>/);
    assert.deepEqual(await nativeThen(good), user);
    assert.match(inspect(good), /displayName: 'Ada'/);
    const bad = call(server.client({ authToken: 'other' }));
    await assert.rejects(nativeThen(bad), NotFoundError);
    assert.match(inspect(bad), /^Promise \{\s+<rejected> NotFoundError/);
    // A promise of another constructor would be wrapped by `await`, which then asks its `then`.
    assert.equal(Promise.resolve(good), good);
  });
}

/** What V8's own code does with a promise: the original `then`, whatever the object says. */
function nativeThen(promise: Promise<unknown>): Promise<unknown> {
  return Promise.prototype.then.call(promise, undefined) as Promise<unknown>;
}

test('all, any, race and a chain of promises take a call as any promise', async (t) => {
  const server = await always(t, { json: user });
  const { users } = server.client();
  assert.deepEqual(await Promise.all([users.get('1'), 2]), [user, 2]);
  assert.deepEqual(await Promise.any([users.get('1')]), user);
  assert.deepEqual(await Promise.race([users.get('1'), new Promise(() => undefined)]), user);
  assert.deepEqual(await Promise.resolve().then(() => users.get('1')), user);
});

test('a call keeps the context it was made in', async (t) => {
  const storage = new AsyncLocalStorage<string>();
  const server = await always(t, { json: user });
  const seen: (string | undefined)[] = [];
  const client = server.client({ onRequest: () => void seen.push(storage.getStore()) });
  const call = storage.run('caller', () => client.users.get('018f'));
  await storage.run('waiter', () => call.then(() => seen.push(storage.getStore())));
  await storage.run('waiter', async () => {
    await call.withResponse();
    seen.push(storage.getStore());
  });
  assert.deepEqual(seen, ['caller', 'waiter', 'waiter']);
});

test('the stack of an error leads to the line that made the call', async (t) => {
  const server = await always(t, { status: 404 });
  const { users } = server.client();
  async function lineOfTheCaller(): Promise<void> {
    await users.get('018f');
  }
  async function otherLine(): Promise<void> {
    await users.list().withResponse();
  }
  await assert.rejects(lineOfTheCaller(), ({ stack }: Error) => /at async lineOfTheCaller/.test(stack ?? ''));
  await assert.rejects(otherLine(), ({ stack }: Error) => /at async otherLine/.test(stack ?? ''));
});

/** What is reported as unhandled while use runs, and in the turn after it. */
async function unhandled(t: TestContext, use: (client: CoreApiClient) => unknown): Promise<Promise<unknown>[]> {
  const reported: Promise<unknown>[] = [];
  // The test runner's own listeners would fail the test.
  const others = process.rawListeners('unhandledRejection') as NodeJS.UnhandledRejectionListener[];
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', (_, promise) => reported.push(promise));
  t.after(() => {
    process.removeAllListeners('unhandledRejection');
    for (const each of others) process.on('unhandledRejection', each);
  });
  const server = await always(t, { status: 404 });
  let answered: () => void;
  const answer = new Promise<void>((resolve) => (answered = resolve));
  await use(server.client({ onResponse: () => answered() }));
  await answer;
  // Unhandled rejections are reported after the microtasks of the turn they happened in.
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
  return reported;
}

for (const [name, use] of Object.entries<(client: CoreApiClient) => unknown>({
  await: ({ users }) => assert.rejects(users.get('018f'), NotFoundError),
  'await of a list': ({ users }) => assert.rejects(users.list(), NotFoundError),
  resolve: ({ users }) => assert.rejects(Promise.resolve(users.get('018f')), NotFoundError),
  'native then': ({ users }) => assert.rejects(nativeThen(users.get('018f')), NotFoundError),
  // Regression: a promise beside the one looked at ended a Node process that asked for the whole answer only.
  withResponse: ({ users }) => assert.rejects(users.get('018f').withResponse(), NotFoundError),
  'withResponse of a list': ({ users }) => assert.rejects(users.list().withResponse(), NotFoundError),
  toArray: ({ users }) => assert.rejects(users.list().toArray({ limit: 1 }), NotFoundError),
  // Regression: a refused argument left the error of the request, which was on its way, to nobody.
  'toArray that refuses its limit': ({ users }) => assert.rejects(users.list().toArray({ limit: 0 }), TypeError),
  'toArray without an argument': ({ users }) =>
    assert.rejects((users.list() as unknown as { toArray(): Promise<unknown> }).toArray(), TypeError),
  iterating: ({ users }) => assert.rejects(users.list()[Symbol.asyncIterator]().next(), NotFoundError),
  pages: ({ users }) => assert.rejects(users.list().pages().next(), NotFoundError),
})) {
  test(`an error that was seen is not reported as unhandled: ${name}`, async (t) => {
    assert.deepEqual(await unhandled(t, use), []);
  });
}

for (const [name, use] of Object.entries<(client: CoreApiClient) => Promise<unknown>>({
  'the call alone': ({ users }) => users.get('018f'),
  'a list alone': ({ users }) => users.list(),
  withResponse: ({ users }) => users.get('018f').withResponse(),
  'what follows a call': ({ users }) => users.get('018f').then(() => undefined),
})) {
  test(`an error that nobody looks at is reported once, of the promise that was left: ${name}`, async (t) => {
    let left: Promise<unknown> | undefined;
    const reported = await unhandled(t, (client) => void (left = use(client)));
    assert.equal(reported.length, 1);
    assert.equal(reported[0], left);
  });
}
