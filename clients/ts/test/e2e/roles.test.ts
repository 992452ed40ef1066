import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConflictError, NotFoundError, ValidationError } from '../../src/index.js';
import { clientOf, unique } from './environment.js';

const { roles, userRoles, users } = clientOf('admin');

test('a role, granted and taken back', async (t) => {
  const role = await roles.create({ name: unique('auditor'), description: 'Reads', permissions: ['users:read'] });
  t.after(() => roles.delete(role.id).catch((error: unknown) => assert.ok(error instanceof NotFoundError)));
  assert.deepEqual(await roles.get(role.id), role);
  assert.deepEqual((await roles.update(role.id, { description: null, permissions: [] })).permissions, []);
  assert.equal((await roles.get(role.id)).description, null);
  const names: string[] = [];
  for await (const { name } of roles.list({ limit: 2 })) names.push(name);
  assert.ok(names.includes(role.name));

  const user = await users.create({ email: `${unique('bob')}@example.com`, displayName: 'Bob' });
  t.after(() => users.delete(user.id).catch((error: unknown) => assert.ok(error instanceof NotFoundError)));
  const grant = await userRoles.create({ userId: user.id, roleId: role.id });
  assert.equal(grant.userId, user.id);
  assert.ok(grant.grantedById, 'who granted it is recorded');
  assert.deepEqual(await userRoles.get(grant.id), grant);
  assert.deepEqual((await users.get(user.id)).roles.map(({ id }) => id), [role.id]);
  await assert.rejects(userRoles.create({ userId: user.id, roleId: role.id }), ConflictError);
  await assert.rejects(roles.delete(role.id), (error) => {
    assert.ok(error instanceof ConflictError);
    assert.equal(error.code, 'still_referenced');
    return true;
  });
  const grants: string[] = [];
  for await (const { id } of userRoles.list({ limit: 200 })) grants.push(id);
  assert.ok(grants.includes(grant.id));

  await userRoles.delete(grant.id);
  assert.deepEqual((await users.get(user.id)).roles, []);
  await roles.delete(role.id);
  await assert.rejects(roles.get(role.id), NotFoundError);
});

test('a grant to nobody is refused with a pointer', async () => {
  const [role] = (await roles.list({ limit: 1 })).data;
  assert.ok(role);
  const nobody = '0199c0de-0000-7000-8000-00000000dead';
  await assert.rejects(userRoles.create({ userId: nobody, roleId: role.id }), (error) => {
    assert.ok(error instanceof ValidationError);
    assert.equal(error.code, 'reference_not_found');
    return true;
  });
});
