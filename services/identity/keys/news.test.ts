import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openNews } from './news.ts';

const never = new AbortController().signal;
const long = 600_000;

test('whoever listened before the news hears of it, also when it came before the wait', async () => {
  const news = openNews();
  const [early, late] = [news.listen(), news.listen()];
  const waiting = early(long, never);
  news.tell();
  await waiting;
  await late(long, never);
});

test('a wait ends with its time, with its asker and with the process', async () => {
  const news = openNews();
  await news.listen()(1, never);
  const gone = new AbortController();
  const asked = news.listen()(long, gone.signal);
  gone.abort();
  await asked;
  const open = news.listen()(long, never);
  news.close();
  await open;
  await news.listen()(long, never);
});

test('news that came before it listened is none', async () => {
  const news = openNews();
  news.tell();
  const first = await Promise.race([
    news
      .listen()(long, never)
      .then(() => 'told'),
    Promise.resolve('waits'),
  ]);
  assert.equal(first, 'waits');
  news.close();
});
