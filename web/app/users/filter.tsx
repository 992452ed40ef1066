import type { Role } from '@lockstep/core-sdk';
import Form from 'next/form';
import Link from 'next/link';
import { SORTS, STATUSES, type Query } from './query';

/** Searches, filters and sorts the list. A GET form: what it asks is in the URL. */
export function Filter({ query, roles }: { query: Query; roles: Role[] }) {
  const active = query.q || query.status || query.role || query.sort;
  return (
    <search aria-label="Users">
      <Form action="/users" className="filter">
        <label className="wide">
          Search
          <input type="search" name="q" defaultValue={query.q} maxLength={100} placeholder="Name or e-mail" autoComplete="off" />
        </label>
        <label>
          Status
          <select name="status" defaultValue={query.status}>
            <option value="">Any</option>
            {Object.entries(STATUSES).map(([value, name]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        </label>
        {roles.length > 0 && (
          <label>
            Role
            <select name="role" defaultValue={query.role}>
              <option value="">Any</option>
              {roles.map((role) => (
                <option key={role.id} value={role.id}>
                  {role.name}
                </option>
              ))}
            </select>
          </label>
        )}
        <label>
          Order
          <select name="sort" defaultValue={query.sort || 'displayName'}>
            {Object.entries(SORTS).map(([value, name]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <div className="actions">
          <button type="submit">Show</button>
          {active && (
            <Link href="/users" prefetch={false}>
              Reset
            </Link>
          )}
        </div>
      </Form>
    </search>
  );
}
