'use client';

import Link from 'next/link';
import { startTransition, useActionState, useState, type FormEvent, type ReactNode } from 'react';
import { saveUser, type Base, type EditState } from './actions';
import { STATUSES } from '../../query';
import { Conflict } from './conflict';
import { LABELS, type Field, type Values } from './values';

interface Props {
  id: string;
  base: Base;
  /** Whom to choose a manager from. */
  people: { id: string; name: string }[];
}

/** Edits a user. Checks nothing itself: the API does, and its answer is shown beside the fields. */
export function EditForm({ id, base, people }: Props) {
  const [state, save, pending] = useActionState(saveUser.bind(null, id), { saved: false, fields: {}, base } as EditState);
  const [values, setValues] = useState(base.values);
  const [seen, setSeen] = useState(state);
  if (seen !== state) {
    setSeen(state);
    if (state.changes) setValues(merge(values, seen.base.values, state.base.values));
  }
  const names = (field: Field, value: string): string => {
    if (field === 'status') return STATUSES[value as keyof typeof STATUSES] ?? value;
    return field === 'managerId' ? (people.find((person) => person.id === value)?.name ?? (value ? 'Somebody else' : 'Nobody')) : value;
  };
  const props = (name: Field) => ({
    id: name,
    name,
    value: values[name] ?? '',
    onChange: ({ target }: { target: { value: string } }) => setValues({ ...values, [name]: target.value }),
    'aria-invalid': state.fields[name] ? (true as const) : undefined,
    'aria-describedby': `${name}-message`,
  });
  // Called here, because React resets a form after its action, selects to their first state: what was refused must stay to be
  // corrected. Before scripts have loaded the form works by its action.
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    startTransition(() => save(form));
  };
  return (
    <form action={save} onSubmit={submit} className="edit">
      {state.changes && <Conflict key={state.base.etag} changes={state.changes} names={names} />}
      {state.message && <p role="alert">{state.message}</p>}
      <Row name="displayName" message={state.fields['displayName']}>
        <input {...props('displayName')} autoComplete="off" />
      </Row>
      {base.values.email !== undefined && (
        <Row name="email" message={state.fields['email']}>
          <input {...props('email')} inputMode="email" autoComplete="off" />
        </Row>
      )}
      <Row name="status" message={state.fields['status']}>
        <select {...props('status')}>
          {Object.entries(STATUSES).map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </Row>
      <Row name="managerId" message={state.fields['managerId']}>
        <select {...props('managerId')}>
          <option value="">Nobody</option>
          {people.map((person) => (
            <option key={person.id} value={person.id}>
              {person.name}
            </option>
          ))}
        </select>
      </Row>
      <div className="actions">
        <button type="submit" aria-busy={pending} disabled={pending}>
          Save
        </button>
        <Link href={`/users/${id}`}>Cancel</Link>
      </div>
    </form>
  );
}

function Row({ name, message, children }: { name: Field; message: string | undefined; children: ReactNode }) {
  return (
    <div>
      <label htmlFor={name}>{LABELS[name]}</label>
      {children}
      <small id={`${name}-message`} role={message ? 'alert' : undefined}>
        {message}
      </small>
    </div>
  );
}

/** The fields as they were edited, on top of what somebody else saved. */
function merge(mine: Values, before: Values, theirs: Values): Values {
  const edited = Object.entries(mine).filter(([field, value]) => value !== before[field as Field]);
  return { ...theirs, ...Object.fromEntries(edited) };
}
