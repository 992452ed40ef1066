'use client';

import { Title } from './title';

interface Props {
  error: Error & { digest?: string };
  retry: () => void;
}

/** Shown in place of a page that failed, until it can be loaded. What failed is in the server's log, under the digest. */
export default function Failure({ error, retry }: Props) {
  return (
    <div className="state" role="alert">
      <Title>This page could not be loaded</Title>
      <h1>This page could not be loaded</h1>
      <p>The API did not answer as expected. Trying again may help.</p>
      {error.digest && (
        <p>
          <small>Reference {error.digest}</small>
        </p>
      )}
      <button type="button" onClick={retry}>
        Try again
      </button>
    </div>
  );
}
