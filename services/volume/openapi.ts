/** The OpenAPI files of this API that definitions give, by name. */
import { metadata } from './metadata/openapi.ts';
import { snapshots } from './snapshots/openapi.ts';
import { transfers } from './transfers/openapi.ts';
import { types } from './types/openapi.ts';
import { messages } from './user-messages/openapi.ts';

export const openapi = { messages, metadata, snapshots, transfers, types };
