/** POST of an HTML form: its files become objects, when the signature in the form is right. */
import { Readable } from 'node:stream';
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { Fault } from '#shared/errors/fault.ts';
import type { Answer } from '#shared/http/route.ts';
import { putObject } from '../objects/upload.ts';
import { type FormPart, formParts, parametersOf } from '../requests/multipart.ts';
import { faultOf, refuse } from '../requests/refusals.ts';
import { decoded, type Grant, type ObjectRequest, type PathHandler, pathFromName } from '../requests/request.ts';
import { callWith } from './call-with.ts';
import type { Feature } from './feature.ts';
import { statusLine } from './many-deletes.ts';
import { grantOf, keysOf, signatureFrom } from './signing-keys.ts';

type Fields = Readonly<Record<string, string>>;

const longestValue = 4096;
/** Nothing is authorized before the first file. */
const mostFields = 100;
const text = { 'content-type': 'text/plain' };
const invalid = (why: string) => refuse(400, `FormPost: ${why}`, text);
const unauthorized = (why: string) => refuse(401, `FormPost: ${why}`, text);

const postForm: PathHandler = async (request) => {
  const { call, headers } = request;
  const { boundary = '' } = parametersOf(headers['content-type'] ?? '');
  const fields: Record<string, string> = {};
  let status = '';
  let message = '';
  let count = 0;
  let others = 0;
  for await (const part of formParts(call.stream, boundary)) {
    const { name, filename } = parametersOf(part.headers['content-disposition'] ?? '');
    if (!filename) {
      others += 1;
      if (others > mostFields) throw invalid(`more than ${mostFields} fields`);
      if (name) fields[name.toLowerCase()] = await readText(part);
      continue;
    }
    count += 1;
    if (count > numberIn(fields, 'max_file_count')) {
      [status, message] = ['400 Bad Request', 'max file count exceeded'];
      break;
    }
    const kept = await keep(request, fields, part, filename);
    status = statusLine(kept.status);
    if (kept.status >= 300) break;
  }
  if (status === '') [status, message] = ['400 Bad Request', 'no files to process'];
  return answered(fields.redirect, status, message);
};

export const formPost: Feature = {
  matches: ({ header }) => /^multipart\/form-data\s*;.*boundary=/i.test(header('content-type') ?? ''),
  container: { post: postForm },
  object: { post: postForm },
};

async function readText({ bytes }: FormPart): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    if (length < longestValue) chunks.push(chunk);
    length += chunk.length;
  }
  return Buffer.concat(chunks).subarray(0, longestValue).toString();
}

function numberIn(fields: Fields, name: string): number {
  const value = fields[name] ?? '0';
  if (!/^\d{0,15}$/.test(value)) throw invalid(`${name} not an integer`);
  return Number(value);
}

/** Stores one file under its own name behind the path of the form. */
async function keep(request: ObjectRequest, fields: Fields, part: FormPart, filename: string): Promise<Answer | Fault> {
  const { call, target } = request;
  const grant = await grantFor(request, fields);
  const most = numberIn(fields, 'max_file_size');
  const headers = headersOf(fields, part);
  const stream = Readable.from(capped(part.bytes, most), { objectMode: false });
  const named = pathFromName(target.account, `${target.container}/${target.object}${filename}`);
  const put = callWith(call, { method: 'PUT', query: {}, headers, stream });
  return putObject({ ...request, call: put, headers, target: named, grant }).catch(faultOf);
}

async function* capped(bytes: AsyncIterable<Buffer>, most: number): AsyncGenerator<Buffer> {
  let length = 0;
  for await (const chunk of bytes) {
    length += chunk.length;
    if (length > most) throw invalid('max_file_size exceeded');
    yield chunk;
  }
}

function headersOf(fields: Fields, part: FormPart): Headers {
  const type = fields['content-type'] ?? part.headers['content-type'];
  const encoding = fields['content-encoding'] ?? part.headers['content-encoding'];
  if (fields.x_delete_at !== undefined) numberIn(fields, 'x_delete_at');
  if (fields.x_delete_after !== undefined) numberIn(fields, 'x_delete_after');
  return {
    'transfer-encoding': 'chunked',
    ...(type ? { 'content-type': type } : {}),
    ...(encoding ? { 'content-encoding': encoding } : {}),
    ...(fields.x_delete_at ? { 'x-delete-at': fields.x_delete_at } : {}),
    ...(fields.x_delete_after ? { 'x-delete-after': fields.x_delete_after } : {}),
  };
}

async function grantFor({ store, call, target }: ObjectRequest, fields: Fields): Promise<Grant> {
  if (numberIn(fields, 'expires') < Date.now() / 1000) throw unauthorized('Form Expired');
  const { redirect = '', max_file_size: size = '0', max_file_count: count = '0', expires = '0' } = fields;
  const path = decoded(call.url.split('?')[0] ?? '');
  const signature = signatureFrom(fields.signature ?? '', store.settings.signatureDigests);
  const signed = [path, redirect, size, count, expires].join('\n');
  const grant = signature && grantOf(await keysOf(store, target), [signed], signature);
  if (!grant) throw unauthorized('Invalid Signature');
  return grant;
}

/** The browser goes where the form says, with the outcome in the query. */
function answered(redirect: string | undefined, status: string, message: string): Answer {
  const code = Number(status.slice(0, 3));
  if (!redirect) {
    const body = Buffer.from(message ? `${status}\r\nFormPost: ${message}` : status);
    return { status: code, headers: { ...text, 'content-length': String(body.length) }, body };
  }
  const location = `${redirect}${redirect.includes('?') ? '&' : '?'}status=${code}&message=${encodeURIComponent(message)}`;
  return { status: 303, headers: { location: location.replace(/[\r\n]/g, ''), 'content-length': '0' } };
}
