'use client';

import { useActionState } from 'react';
import { untouched } from '@/lib/form';
import { grantRole, revokeRole } from './grants';

/** Grants one of some roles. */
export function GrantForm({ userId, roles }: { userId: string; roles: { id: string; name: string }[] }) {
  const [state, grant, pending] = useActionState(grantRole.bind(null, userId), untouched);
  const refusal = state.fields['roleId'] ?? state.message;
  return (
    <form action={grant}>
      <label htmlFor="roleId">Grant a role</label>
      <fieldset role="group">
        <select id="roleId" name="roleId" aria-invalid={refusal ? true : undefined} aria-describedby="roleId-message">
          {roles.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
        <button type="submit" aria-busy={pending} disabled={pending}>
          Grant
        </button>
      </fieldset>
      <small id="roleId-message" role={refusal ? 'alert' : 'status'}>
        {refusal ?? (state.saved ? 'Granted.' : '')}
      </small>
    </form>
  );
}

/** Takes one role back. */
export function RevokeForm({ grantId, role }: { grantId: string; role: string }) {
  const [state, revoke, pending] = useActionState(revokeRole.bind(null, grantId), untouched);
  return (
    <form action={revoke} className="revoke">
      <button type="submit" className="secondary outline" aria-label={`Take back ${role}`} aria-busy={pending} disabled={pending}>
        Take back
      </button>
      {state.message && <small role="alert">{state.message}</small>}
    </form>
  );
}
