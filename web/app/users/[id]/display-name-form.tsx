'use client';

import { useActionState, useState } from 'react';
import { untouched } from '@/lib/form';
import { updateDisplayName } from './actions';

interface Props {
  id: string;
  displayName: string;
}

/** Edits a user's display name. Checks nothing itself: the API does, and its answer is shown beside the field. */
export function DisplayNameForm({ id, displayName }: Props) {
  const [state, save, pending] = useActionState(updateDisplayName.bind(null, id), untouched);
  // Held here, because React clears a form after its action: what was refused must stay to be corrected.
  const [value, setValue] = useState(displayName);
  const refusal = state.fields['displayName'];
  return (
    <form action={save} noValidate>
      <label htmlFor="displayName">Display name</label>
      <fieldset role="group">
        <input
          id="displayName"
          name="displayName"
          value={value}
          onChange={(event) => setValue(event.target.value)}
          required
          autoComplete="off"
          aria-invalid={refusal ? true : undefined}
          aria-describedby="displayName-message"
        />
        <button type="submit" aria-busy={pending} disabled={pending}>
          Save
        </button>
      </fieldset>
      <small id="displayName-message" role={refusal || state.message ? 'alert' : 'status'}>
        {refusal ?? state.message ?? (state.saved && value === displayName ? 'Saved.' : '')}
      </small>
    </form>
  );
}
