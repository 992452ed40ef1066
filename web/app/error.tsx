'use client';

interface Props {
  error: Error & { digest?: string };
  reset: () => void;
}

/** Shown in place of a page that failed. What failed is in the server's log, under the digest. */
export default function Failure({ error, reset }: Props) {
  return (
    <article role="alert">
      <h1>This page could not be loaded</h1>
      <p>The API did not answer as expected. Trying again may help.</p>
      {error.digest && (
        <p>
          <small>Reference {error.digest}</small>
        </p>
      )}
      <button type="button" onClick={reset}>
        Try again
      </button>
    </article>
  );
}
