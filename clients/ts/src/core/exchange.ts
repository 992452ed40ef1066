import { ConnectionError, TimeoutError } from './errors.js';
import type { Fetch } from './options.js';

/** An answer, read to its end. */
export interface Exchange {
  response: Response;
  text: string;
}

const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Sends one request and reads its answer within `timeout` milliseconds (0: no limit). Returns an error if there is no whole
 * answer; rejects only with the reason of the caller's signal. Gives fetch a signal only where one is needed: Next.js does
 * not share requests that have one.
 */
export async function exchange(
  send: Fetch,
  url: string,
  init: RequestInit & { method: string },
  timeout: number,
  caller: AbortSignal | undefined,
): Promise<Exchange | ConnectionError> {
  if (caller?.aborted) throw caller.reason;
  const controller = new AbortController();
  const abort = (): void => controller.abort(caller?.reason);
  caller?.addEventListener('abort', abort);
  let late = false;
  const expire = (): void => {
    late = true;
    controller.abort();
  };
  const timer = timeout > 0 ? setTimeout(expire, Math.min(timeout, LONGEST_TIMER)) : undefined;
  try {
    const response = await send(url, timer || caller ? { ...init, signal: controller.signal } : init);
    return { response, text: await response.text() };
  } catch (cause) {
    if (caller?.aborted) throw caller.reason;
    const request = `${init.method} ${url}`;
    return late
      ? new TimeoutError(`${request}: no answer within ${timeout} ms`, { cause })
      : new ConnectionError(`${request}: ${reason(cause)}`, { cause });
  } finally {
    clearTimeout(timer);
    caller?.removeEventListener('abort', abort);
  }
}

/** Node's fetch says only "fetch failed"; what failed is in the cause. */
function reason(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { message?: string } };
  return cause?.message || message || String(error);
}
