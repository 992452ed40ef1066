'use client';

import { useEffect, useRef } from 'react';
import { LABELS, type Change, type Field } from './values';

interface Props {
  changes: Change[];
  /** How a field's value is shown. */
  names: (field: Field, value: string) => string;
}

/** Says what somebody else has changed, and lets choose where that was edited here as well. Takes the focus: nothing was saved. */
export function Conflict({ changes, names }: Props) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), []);
  const quoted = (field: Field, value: string) => <q>{names(field, value)}</q>;
  return (
    <div ref={box} className="conflict" role="alert" tabIndex={-1} aria-labelledby="conflict">
      <h2 id="conflict">Somebody else has changed this person</h2>
      <p>Nothing was saved yet. What they changed is in the form now, beside your own changes.</p>
      {changes.map(({ field, was, theirs, mine }) =>
        mine === undefined ? (
          <p key={field}>
            {LABELS[field]}: {quoted(field, was)} is now {quoted(field, theirs)}.
          </p>
        ) : (
          <fieldset key={field}>
            <legend>
              {LABELS[field]} was {quoted(field, was)}. Which one shall it be?
            </legend>
            <label>
              <input type="radio" name={`${field}-choice`} value="theirs" required /> Theirs: {quoted(field, theirs)}
            </label>
            <label>
              <input type="radio" name={`${field}-choice`} value="mine" required /> Yours, as in the field below
            </label>
          </fieldset>
        ),
      )}
    </div>
  );
}
