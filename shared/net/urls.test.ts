import assert from 'node:assert/strict';
import { test } from 'node:test';
import { urlsOf } from './urls.ts';

test('a URL with several servers is one URL for each, with the same login and path', () => {
  assert.deepEqual(urlsOf('mysqls://me:a%2Cb@10.0.0.1:3306,10.0.0.2:3306,[fd00::3]/wattle_image?x=1'), [
    'mysqls://me:a%2Cb@10.0.0.1:3306/wattle_image?x=1',
    'mysqls://me:a%2Cb@10.0.0.2:3306/wattle_image?x=1',
    'mysqls://me:a%2Cb@[fd00::3]/wattle_image?x=1',
  ]);
  assert.deepEqual(urlsOf('amqp://broker'), ['amqp://broker']);
});
