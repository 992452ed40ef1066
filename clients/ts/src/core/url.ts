/**
 * Template tag of a URL path: each value becomes one encoded segment. An empty value or a dot segment is refused,
 * because the URL would then name another resource than the one meant (`/v1/users/` is the list).
 *
 * @throws TypeError
 */
export function path(parts: TemplateStringsArray, ...values: (string | number)[]): string {
  return parts.reduce((url, part, i) => url + segment(values[i - 1]) + part);
}

function segment(value: string | number | undefined): string {
  const text = String(value ?? '');
  if (/^\.{0,2}$/.test(text)) {
    throw new TypeError(`a path parameter is ${JSON.stringify(text)}: pass the id of a resource`);
  }
  return encodeURIComponent(text);
}

/**
 * The query string of params, with its `?`; empty if nothing is set. undefined and null are left out, an array repeats its
 * key (or is joined by commas if its name is in commaSeparated), an object becomes `key[sub]=value`.
 */
export function queryString(params: object = {}, commaSeparated: readonly string[] = []): string {
  const search = new URLSearchParams();
  const add = (key: string, value: unknown): void => {
    if (value === undefined || value === null) return;
    if (Array.isArray(value)) {
      if (!commaSeparated.includes(key)) for (const item of value) add(key, item);
      else if (value.length > 0) search.append(key, value.join());
    } else if (typeof value === 'object') {
      for (const [sub, item] of Object.entries(value)) add(`${key}[${sub}]`, item);
    } else {
      search.append(key, String(value));
    }
  };
  for (const [key, value] of Object.entries(params)) add(key, value);
  const text = search.toString();
  return text && `?${text}`;
}
