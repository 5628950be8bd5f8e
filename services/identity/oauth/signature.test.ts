import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { baseString, isRightlySigned, parseOauthHeader } from './signature.ts';

const example =
  'OAuth realm="Example", oauth_consumer_key="9djdj82h48djs9d2", oauth_token="kkk9d7dh3k39sjv7", ' +
  'oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131201", oauth_nonce="7d8f3e4a", ' +
  'oauth_signature="bYT5CMsGcbgUdFHObYMEfcx6bsw%3D"';

test('the base string is that of RFC 5849, 3.4.1.1', () => {
  const header = parseOauthHeader(example);
  const url = 'http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b&c2&a3=2+q';
  assert.equal(
    baseString({ method: 'post', url, header }),
    'POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D' +
      '%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1' +
      '%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7',
  );
});

const url = 'http://127.0.0.1:5000/v3/auth/tokens';
const secrets = { consumer: 'consumer & secret', token: 'token secret' };

function signed(more: Record<string, string> = {}) {
  const header = {
    oauth_consumer_key: 'c',
    oauth_nonce: '1',
    oauth_signature_method: 'HMAC-SHA1',
    oauth_timestamp: String(Math.floor(Date.now() / 1000)),
    ...more,
  };
  const key = 'consumer%20%26%20secret&token%20secret';
  const text = baseString({ method: 'POST', url, header });
  return { ...header, oauth_signature: createHmac('sha1', key).update(text).digest('base64') };
}

test('a signature is valid for its own request, with both secrets, and for a limited time', () => {
  const header = signed();
  assert.equal(isRightlySigned({ method: 'POST', url, header }, secrets), true);
  assert.equal(isRightlySigned({ method: 'PUT', url, header }, secrets), false);
  assert.equal(isRightlySigned({ method: 'POST', url: `${url}?a=1`, header }, secrets), false);
  assert.equal(isRightlySigned({ method: 'POST', url, header: { ...header, oauth_nonce: '2' } }, secrets), false);
  assert.equal(isRightlySigned({ method: 'POST', url, header }, { consumer: secrets.consumer }), false);
  const old = signed({ oauth_timestamp: String(Math.floor(Date.now() / 1000) - 700) });
  assert.equal(isRightlySigned({ method: 'POST', url, header: old }, secrets), false);
  const never = signed({ oauth_timestamp: 'soon' });
  assert.equal(isRightlySigned({ method: 'POST', url, header: never }, secrets), false);
});

test('PLAINTEXT is both secrets, escaped, with a recent timestamp', () => {
  const plain = (signature: string, more = {}) => ({
    ...signed({ oauth_signature_method: 'PLAINTEXT', ...more }),
    oauth_signature: signature,
  });
  const isRight = (header: Record<string, string>) => isRightlySigned({ method: 'POST', url, header }, secrets);
  assert.equal(isRight(plain('consumer%20%26%20secret&token%20secret')), true);
  assert.equal(isRight(plain('consumer & secret&token secret')), false);
  assert.equal(isRight(plain('consumer%20%26%20secret&')), false);
  assert.equal(isRight(plain('')), false);
  assert.equal(isRight(plain('consumer%20%26%20secret&token%20secret', { oauth_timestamp: '1' })), false);
});

test('an unknown method is refused, also names of object properties', () => {
  for (const name of ['RSA-SHA1', 'constructor', '__proto__', ''])
    assert.equal(
      isRightlySigned({ method: 'POST', url, header: signed({ oauth_signature_method: name }) }, secrets),
      false,
    );
});

test('a malformed header, or one with a duplicate parameter, is refused', () => {
  assert.throws(() => parseOauthHeader(undefined), { status: 400 });
  assert.throws(() => parseOauthHeader('Bearer x'), { status: 400 });
  assert.throws(() => parseOauthHeader('OAuth oauth_token="a", oauth_token="b"'), {
    status: 400,
    message: /oauth_token/,
  });
  assert.throws(() => parseOauthHeader('OAuth oauth_token="%zz"'), { status: 400 });
});
