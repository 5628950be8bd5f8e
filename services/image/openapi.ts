/** The OpenAPI files of this API that definitions give, by name. */
import { metadata } from './namespaces/openapi.ts';

export const openapi = { metadefs: metadata };
