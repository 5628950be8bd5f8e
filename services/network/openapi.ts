/** The OpenAPI files of this API that definitions give, by name. */
import { openapiOf } from './resources/openapi.ts';
import { subnetPool } from './subnet-pools/resource.ts';

export const openapi = { subnetpools: openapiOf(subnetPool) };
