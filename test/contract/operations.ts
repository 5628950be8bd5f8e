/** Generates services/identity/OPERATIONS.md from the OpenAPI document and the routes. Run directly, it writes the file. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ApiDocument, type Operation, openDocument } from '#shared/api/document.ts';
import type { Route } from '#shared/http/route.ts';
import { routes } from '../../services/identity/routes.ts';

export const file = join(import.meta.dirname, '../../services/identity/OPERATIONS.md');

type Place = Pick<Route<never>, 'method' | 'path'>;

/** Operations in Keystone's API reference or clients that no current Keystone has a route for. */
export const unrouted: readonly (Place & { readonly what: string })[] = [
  { method: 'get', path: '/v3/policies/:id/OS-ENDPOINT-POLICY/policy', what: 'Show policy for endpoint' },
  { method: 'delete', path: '/v3/users/:id/tokens', what: 'Revoke all tokens of a user' },
];

const head = `# Every operation of identity

Made from \`openapi/identity\` and \`routes.ts\` by \`node test/contract/operations.ts\`; a test fails when it is outdated. **here**
says whether the operation is implemented (yes), or answers as a Keystone without that feature, or as one that has
removed the API (no). Every GET also answers HEAD, by the same rule and without a body. 405, 413, 415, 431 and 500
are possible for any request.

| | operation | here | what it does | answers |
| --- | --- | --- | --- | --- |
`;

export function operationsPage(document: ApiDocument, all: readonly Place[]): string {
  const rows = all.map(({ method, path }) => {
    const operation = document.operation(method, path);
    const codes = Object.keys(operation?.responses ?? {});
    return row({ method, path }, doesIt(operation), operation?.summary ?? '', codes);
  });
  const absent = unrouted.map((each) => row(each, 'no', each.what, ['404']));
  return head + [...rows, ...absent].join('');
}

/** An operation that describes only errors is not supported. */
const doesIt = (operation: Operation | undefined): string =>
  Object.keys(operation?.responses ?? {}).some((code) => code < '400') ? 'yes' : 'no';

const row = ({ method, path }: Place, here: string, what: string, codes: readonly string[]): string =>
  `| ${method.toUpperCase()} | \`${path.replace(/:(\w+)/g, '{$1}')}\` | ${here} | ${what} | ${codes.join(' ')} |\n`;

if (import.meta.main) {
  const document = openDocument(join(import.meta.dirname, '../../openapi/identity'));
  writeFileSync(file, operationsPage(document, routes));
}
