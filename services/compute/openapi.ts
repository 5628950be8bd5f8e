/** The OpenAPI files of this API that definitions give, by name. */
import { aggregates } from './aggregates/openapi.ts';
import { flavors } from './flavors/openapi.ts';
import { gone } from './gone/openapi.ts';
import { servers } from './servers/openapi.ts';

export const openapi = { aggregates, flavors, gone, ...servers };
