/** The OpenAPI files of this API that definitions give, by name. */
import { flavors } from './flavors/openapi.ts';
import { servers } from './servers/openapi.ts';

export const openapi = { flavors, ...servers };
