/** A page of a list. `next` is the cursor of the following page, if there is one. */
export interface ListPage<Item> {
  items: Item[];
  next?: string;
}

/** Reads the cursor of the next page from the `Link` header. */
export function pageOf<Item>({ data, response }: { data: Item[]; response: Response }): ListPage<Item> {
  const [, url] = /<([^>]+)>;\s*rel="next"/.exec(response.headers.get('link') ?? '') ?? [];
  const next = url && new URL(url, location.href).searchParams.get('cursor');
  return { items: data, next: next ?? undefined };
}
