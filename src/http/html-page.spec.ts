import { htmlPage, markup } from './html-page.js';

describe('markup', () => {
  it('escapes text in elements and in attributes', () => {
    const text = `<b title="a" id='b'>&amp;</b>`;
    const escaped = '&lt;b title=&quot;a&quot; id=&#39;b&#39;&gt;&amp;amp;&lt;/b&gt;';
    expect(markup`<p title="${text}">${text}</p>`.toString()).toBe(`<p title="${escaped}">${escaped}</p>`);
  });

  it('inserts markup and lists of markup as they are, numbers as text and undefined as nothing', () => {
    const items = ['<', 'b'].map((item) => markup`<li>${item}</li>`);
    expect(markup`<ul>${items}</ul>${0}${undefined}`.toString()).toBe('<ul><li>&lt;</li><li>b</li></ul>0');
  });
});

describe('HTML page', () => {
  it('escapes the title and inserts style, body and script as they are', () => {
    const page = htmlPage({ title: 'a < b', style: 'a > b {}', body: markup`<p></p>`, script: 'a && b' });
    expect(page).toContain('<title>a &lt; b</title>');
    expect(page).toContain('<style>a > b {}</style>');
    expect(page).toContain('<body>\n<p></p>\n<script>a && b</script>\n</body>');
    expect(page).not.toContain('refresh');
  });
});
