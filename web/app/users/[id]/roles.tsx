import type { UserWithRoles } from '@lockstep/core-sdk';
import { api } from '@/lib/api';
import { may } from '@/lib/caller';
import { load } from '@/lib/load';
import { allRoles } from '@/lib/roles';
import { GrantForm, RevokeForm } from './grant-forms';

/** What a user may do; for those who may change that, forms to grant roles and take them back. */
export async function Roles({ user }: { user: UserWithRoles }) {
  const [grants, grantable] = await Promise.all([grantIds(user.id), rolesToGrant(user)]);
  return (
    <section aria-labelledby="roles">
      <h2 id="roles">Roles</h2>
      {user.roles.length === 0 && <p className="note">No roles.</p>}
      <ul className="people">
        {user.roles.map((role) => {
          const grant = grants.get(role.id);
          return (
            <li key={role.id}>
              <div>
                {role.name}
                {role.description && <small>{role.description}</small>}
              </div>
              {grant && <RevokeForm grantId={grant} role={role.name} />}
            </li>
          );
        })}
      </ul>
      {grantable.length > 0 && <GrantForm userId={user.id} roles={grantable.map(({ id, name }) => ({ id, name }))} />}
    </section>
  );
}

/** The grants the caller may take back, by role. */
async function grantIds(userId: string): Promise<Map<string, string>> {
  if (!(await may('user_roles:delete'))) return new Map();
  const { userRoles } = await api();
  const { data } = await load(userRoles.list({ userId: [userId], limit: 200 }));
  return new Map(data.map(({ id, roleId }) => [roleId, id]));
}

/** The roles a user does not have yet. Which of them the caller may grant, the API decides. */
async function rolesToGrant(user: UserWithRoles) {
  if (!(await may('user_roles:create'))) return [];
  const held = new Set(user.roles.map(({ id }) => id));
  return (await allRoles()).filter(({ id }) => !held.has(id));
}
