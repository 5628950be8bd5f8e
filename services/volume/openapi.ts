/** The OpenAPI files of this API that definitions give, by name. */
import { metadata } from './metadata/openapi.ts';
import { types } from './types/openapi.ts';

export const openapi = { metadata, types };
