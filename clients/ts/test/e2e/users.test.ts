import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { ConflictError, NotFoundError, ValidationError, parseDate, type User, type UserCreate } from '../../src/index.js';
import { clientOf, unique } from './environment.js';

const { users } = clientOf('admin');

async function create(t: TestContext, fields: Partial<UserCreate> = {}): Promise<User> {
  const user = await users.create({ email: `${unique('ada')}@example.com`, displayName: 'Ada', ...fields });
  t.after(() => users.delete(user.id).catch((error: unknown) => assert.ok(error instanceof NotFoundError)));
  return user;
}

test('create, get, update, delete', async (t) => {
  const manager = await create(t, { displayName: 'Manager' });
  const user = await create(t, { managerId: manager.id });
  assert.equal(user.status, 'active');
  assert.equal(user.version, 1);
  assert.ok(Math.abs(parseDate(user.createdAt).getTime() - Date.now()) < 600_000, user.createdAt);

  const found = await users.get(user.id);
  assert.deepEqual(found, { ...user, roles: [], managedUsers: [] });
  assert.deepEqual((await users.get(manager.id)).managedUsers.map(({ id }) => id), [user.id]);

  const renamed = await users.update(user.id, { displayName: 'Ada Lovelace' });
  assert.equal(renamed.displayName, 'Ada Lovelace');
  assert.equal(renamed.managerId, manager.id, 'what is absent stays');
  assert.equal(renamed.version, 2);
  const freed = await users.update(user.id, { managerId: null });
  assert.equal(freed.managerId, null, 'null clears');
  assert.equal(freed.displayName, 'Ada Lovelace');

  assert.equal(await users.delete(user.id), undefined);
  await assert.rejects(users.get(user.id), NotFoundError);
});

test('iterating meets every user once, whatever the size of the pages', async (t) => {
  const created = await Promise.all(Array.from({ length: 12 }, () => create(t)));
  const seen: string[] = [];
  for await (const user of users.list({ limit: 5 })) seen.push(user.id);
  assert.equal(new Set(seen).size, seen.length, 'one was met twice');
  for (const { id } of created) assert.ok(seen.includes(id), `${id} was missed`);
  const list = users.list({ limit: 5 });
  assert.equal((await list).data.length, 5);
  assert.deepEqual((await list.toArray({ limit: 7 })).map(({ id }) => id), seen.slice(0, 7));
});

test('a list of nothing but the first page', async () => {
  const page = await users.list({ limit: 1 });
  assert.ok(page.nextCursor);
  const next = await users.list({ limit: 1, cursor: page.nextCursor });
  assert.equal(next.data.length, 1);
  assert.notEqual(next.data[0]?.id, page.data[0]?.id);
});

test('what is not accepted comes back with pointers, and nothing is written', async (t) => {
  const user = await create(t);
  await assert.rejects(users.update(user.id, { displayName: 'x'.repeat(256) }), (error) => {
    assert.ok(error instanceof ValidationError);
    assert.equal(error.code, 'validation_failed');
    assert.deepEqual(error.errors.map(({ pointer, code }) => [pointer, code]), [['/displayName', 'max_length']]);
    assert.ok(error.requestId);
    return true;
  });
  assert.equal((await users.get(user.id)).displayName, 'Ada');
});

test('a taken address is a conflict', async (t) => {
  const { email } = await create(t);
  assert.ok(email, 'an administrator sees addresses');
  await assert.rejects(users.create({ email, displayName: 'Eve' }), (error) => {
    assert.ok(error instanceof ConflictError);
    assert.equal(error.code, 'conflict');
    assert.deepEqual(error.errors.map(({ pointer }) => pointer), ['/email']);
    return true;
  });
});

test('the whole answer', async (t) => {
  const user = await create(t);
  const { data, response, requestId } = await users.get(user.id).withResponse();
  assert.equal(data.id, user.id);
  assert.equal(response.status, 200);
  assert.ok(requestId);
});
