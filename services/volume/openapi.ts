/** The OpenAPI files of this API that definitions give, by name. */
import { types } from './types/openapi.ts';

export const openapi = { types };
