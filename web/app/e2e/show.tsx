'use client';

import { use, useEffect, useState } from 'react';

/** What arrived in the browser, as JSON; nothing in the HTML that the server sends. */
export function Show({ value }: { value: object | Promise<object> }) {
  const arrived = 'then' in value ? use(value) : value;
  const [json, setJson] = useState('');
  useEffect(() => setJson(JSON.stringify(arrived)), [arrived]);
  return <output>{json}</output>;
}
