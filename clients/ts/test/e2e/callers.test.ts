import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuthenticationError, BadRequestError, NotFoundError, PermissionError, type ApiError } from '../../src/index.js';
import { clientOf, tokens } from './environment.js';

/** What a call rejects with. */
async function refusal(call: PromiseLike<unknown>): Promise<ApiError> {
  return call.then(
    () => assert.fail('the call was not refused'),
    (error: ApiError) => error,
  );
}

for (const authToken of ['', 'nonsense', `${tokens.admin.split('.').slice(0, 2).join('.')}.`]) {
  test(`the token ${JSON.stringify(authToken.slice(0, 8))} is refused`, async () => {
    const error = await refusal(clientOf('admin', { authToken }).users.list());
    assert.ok(error instanceof AuthenticationError);
    assert.equal(error.code, 'unauthenticated');
  });
}

test('a user of another tenant is not told apart from one that does not exist', async () => {
  const [mine] = (await clientOf('admin').users.list({ limit: 1 })).data;
  assert.ok(mine);
  const { users } = clientOf('other');
  for (const call of [
    (id: string) => users.get(id),
    (id: string) => users.update(id, { displayName: 'Eve' }),
    (id: string) => users.delete(id),
  ]) {
    const foreign = await refusal(call(mine.id));
    const missing = await refusal(call('0199c0de-0000-7000-8000-00000000dead'));
    for (const error of [foreign, missing]) assert.ok(error instanceof NotFoundError, String(error));
    const { requestId: _a, ...a } = foreign.problem;
    const { requestId: _b, ...b } = missing.problem;
    assert.deepEqual(a, b);
  }
  assert.equal((await clientOf('admin').users.get(mine.id)).displayName, mine.displayName);
});

test('two clients used at once each see their own tenant', async () => {
  const [admin, other] = [clientOf('admin'), clientOf('other')];
  const lists = await Promise.all(
    Array.from({ length: 30 }, async (_, i) => ({ i, page: await (i % 2 ? admin : other).users.list({ limit: 3 }) })),
  );
  const tenants = [new Set<string>(), new Set<string>()] as const;
  for (const { i, page } of lists) for (const user of page.data) tenants[i % 2 ? 1 : 0].add(user.tenantId);
  assert.deepEqual(tenants.map(({ size }) => size), [1, 1]);
  assert.notDeepEqual([...tenants[0]], [...tenants[1]]);
});

test('an ordinary user may read and not write', async () => {
  const { users } = clientOf('member');
  assert.ok((await users.list()).data.length > 0);
  const error = await refusal(users.create({ email: 'eve@example.com', displayName: 'Eve' }));
  assert.ok(error instanceof PermissionError, String(error));
  assert.equal(error.code, 'permission_denied');
});

test('what cannot be an id or a cursor is a BadRequestError that names it', async () => {
  const { users } = clientOf('admin');
  for (const [call, where, code] of [
    [() => users.get('7'), { parameter: 'id' }, 'invalid_parameter'],
    [() => users.list({ cursor: 'nonsense' }), { parameter: 'cursor' }, 'invalid_cursor'],
    [() => users.list({ limit: 100_000 }), { parameter: 'limit' }, 'invalid_parameter'],
    [() => users.update('01900000-0000-7000-8000-000000000000', {}, { ifMatch: 'nonsense' }), { header: 'If-Match' }, 'invalid_parameter'],
  ] as const) {
    const error = await refusal(call());
    assert.ok(error instanceof BadRequestError, String(error));
    assert.equal(error.code, code);
    assert.deepEqual(error.errors.map(({ code: _, detail: __, ...place }) => place), [where]);
  }
});
