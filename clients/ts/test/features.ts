/**
 * Features of the platform that a promised runtime may lack: younger than the oldest promised browser, or not there on origins
 * without https. `@@name` is a well-known symbol.
 */
export const features: readonly string[] = [
  'AbortSignal.any',
  'AbortSignal.timeout',
  'AbortSignal.prototype.throwIfAborted',
  'Array.fromAsync',
  'Array.prototype.at',
  'Array.prototype.findLast',
  'Array.prototype.findLastIndex',
  'Array.prototype.toReversed',
  'Array.prototype.toSorted',
  'Array.prototype.toSpliced',
  'Array.prototype.with',
  'ArrayBuffer.prototype.transfer',
  'Crypto.prototype.randomUUID',
  'Crypto.prototype.subtle',
  'Error.captureStackTrace',
  'Headers.prototype.getSetCookie',
  'Iterator',
  'Iterator.prototype.map',
  'Map.groupBy',
  'Object.groupBy',
  'Promise.try',
  'Promise.withResolvers',
  'ReadableStream.from',
  'ReadableStream.prototype.@@asyncIterator',
  'RegExp.escape',
  'Response.json',
  'Response.prototype.bytes',
  'Set.prototype.union',
  'String.prototype.isWellFormed',
  'String.prototype.toWellFormed',
  'Symbol.asyncDispose',
  'Symbol.dispose',
  'URL.canParse',
  'URL.parse',
  'URLSearchParams.prototype.size',
  'Uint8Array.fromHex',
  'Uint8Array.prototype.toHex',
  'navigator',
  'structuredClone',
];

/** Those that Node's own HTTP needs: they can be taken away in a browser only. */
export const neededByNode: readonly string[] = [
  'Error.captureStackTrace',
  'ReadableStream.prototype.@@asyncIterator',
  'String.prototype.toWellFormed',
  'Symbol.asyncDispose',
  'Symbol.dispose',
];

/** Tells whether this runtime has a feature. */
export function has(feature: string): boolean {
  const [owner, last] = find(feature);
  return owner !== undefined && last in owner;
}

/** Deletes a feature where the runtime has it. Throws if it is there still. */
export function remove(feature: string): void {
  const [owner, last] = find(feature);
  if (owner) delete owner[last];
  if (has(feature)) throw new Error(`${feature} cannot be deleted`);
}

export function find(feature: string): [owner: Record<PropertyKey, unknown> | undefined, name: PropertyKey] {
  const names = feature.split('.').map((name) => (name.startsWith('@@') ? Symbol[name.slice(2) as 'asyncIterator'] : name));
  const last = names.pop() ?? '';
  let owner = globalThis as unknown as Record<PropertyKey, unknown> | undefined;
  for (const name of names) owner = owner?.[name] as typeof owner;
  return [owner, last];
}

/** Replaces Error, and what extends it from now on, by one that does not know the option `cause` (ES2022). */
export function forgetCause(): void {
  const { Error: known } = globalThis;
  globalThis.Error = new Proxy(known, {
    construct: (target, [message], made) => Reflect.construct(target, [message], made) as Error,
  });
}
