// Runs before the tests of a client, in a process of their own: takes away the feature of the platform that WITHOUT names.
import 'node:http';
import { forgetCause, remove } from './features.js';

// What Node and its fetch take from the platform when they are first used is theirs.
await (await fetch('data:,')).text();

const feature = process.env['WITHOUT'] ?? '';
if (feature === 'Error.cause') forgetCause();
else for (const each of feature.split(' ')) remove(each);
