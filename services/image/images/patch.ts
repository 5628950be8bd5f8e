/** Parses the two patch formats of Glance: JSON patch drafts 4 and 10. */
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { own } from '#shared/input/own.ts';

export interface Change {
  readonly op: 'add' | 'remove' | 'replace';
  readonly name: string;
  readonly value: unknown;
  /** Whether `add` overwrites an existing property: draft 10 does, draft 4 refuses. */
  readonly mayOverwrite: boolean;
}

const types: Readonly<Record<string, 4 | 10>> = {
  'application/openstack-images-v2.0-json-patch': 4,
  'application/openstack-images-v2.1-json-patch': 10,
};
const operations = ['add', 'remove', 'replace'] as const;

export function changesOf(contentType: string, body: unknown): Change[] {
  const draft = own(types, contentType.split(';')[0]?.trim());
  if (!draft) {
    const allowed = Object.keys(types).join(', ');
    throw new Fault(415, 'badMediaType', `Image PATCH expects Content-Type one of: ${allowed}`, {
      headers: { 'accept-patch': allowed },
    });
  }
  if (!Array.isArray(body)) throw badRequest('Request body must be a JSON array of operation objects.');
  return body.map((raw) => {
    if (raw === null || typeof raw !== 'object' || Array.isArray(raw))
      throw badRequest('Operations must be JSON objects.');
    return draft === 10 ? parseDraft10(raw) : parseDraft4(raw);
  });
}

function parseDraft10(raw: Record<string, unknown>): Change {
  const op = operations.find((each) => each === raw.op);
  const available = `It must be one of the following: ${operations.join(', ')}.`;
  if (raw.op === undefined) throw badRequest(`Unable to find \`op\` in JSON Schema change. ${available}`);
  if (!op) throw badRequest(`Invalid operation: \`${raw.op}\`. ${available}`);
  if (raw.path === undefined) throw badRequest("Unable to find 'path' in JSON Schema change");
  return change(op, raw.path, raw, true);
}

function parseDraft4(raw: Record<string, unknown>): Change {
  const [op, ...more] = operations.filter((each) => each in raw);
  if (!op || more.length > 0)
    throw badRequest('Operation objects must contain exactly one member named "add", "remove", or "replace".');
  return change(op, raw[op], raw, false);
}

function change(op: Change['op'], path: unknown, raw: Record<string, unknown>, mayOverwrite: boolean): Change {
  if (op !== 'remove' && !('value' in raw)) throw badRequest(`Operation "${op}" requires a member named "value".`);
  return { op, name: nameOf(String(path)), value: raw.value, mayOverwrite };
}

/** Returns the attribute that a JSON pointer names; throws 400 for nested pointers. */
function nameOf(pointer: string): string {
  if (!pointer.startsWith('/')) throw badRequest(`Pointer \`${pointer}\` does not start with "/".`);
  if (/\/\s*?\//.test(pointer.slice(1))) throw badRequest(`Pointer \`${pointer}\` contains adjacent "/".`);
  if (pointer.endsWith('/')) throw badRequest(`Pointer \`${pointer}\` end with "/".`);
  if (/~(?![01])/.test(pointer))
    throw badRequest(`Pointer \`${pointer}\` contains "~" not part of a recognized escape sequence.`);
  const [name = '', ...deeper] = pointer.slice(1).split('/');
  if (deeper.length > 0 && name !== 'locations')
    throw badRequest(`Invalid JSON pointer for this resource: '${pointer}'`);
  return name.replaceAll('~1', '/').replaceAll('~0', '~').trim();
}
