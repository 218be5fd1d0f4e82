"""The facts as a CASE/UCO 1.4 bundle in JSON-LD (ontology.caseontology.org), which forensic tools read.

Every node has an id of its own: the fact's public id, or one derived from it (RFC 9562, version 5), so that the same
facts give the same bytes. Times are xsd:dateTime in UTC, hashes xsd:hexBinary.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from .facts import Actor, CustodyEvent, Decision, Facts, Item, Locator, Organisation, Picture

Node = dict[str, Any]

KB = "urn:casework:"
UCO = "https://ontology.unifiedcyberontology.org/uco/"
CONTEXT = {
    "kb": KB,
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    **{
        f"uco-{name}": f"{UCO}{name}/"
        for name in ("action", "core", "identity", "observable", "role", "tool", "types")
    },
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
#: What UCO's vocabulary lists. Another method (PDQ, which is no hash of exact bytes) becomes a tag of its file.
LISTED_METHODS = {"MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "SSDEEP"}


def bundle(facts: Facts) -> bytes:
    """The whole bundle, with its nodes in the order of their ids, as UTF-8."""
    nodes = {node["@id"]: node for node in _nodes(facts)}
    ordered = [nodes[node_id] for node_id in sorted(nodes)]
    graph: Node = {
        "@context": CONTEXT,
        "@id": _id("bundle", facts.package),
        "@type": "uco-core:Bundle",
        "uco-core:name": f"Case {facts.case_number}",
        "uco-core:specVersion": "CASE 1.4.0",
        "uco-core:objectCreatedTime": _time(facts.made_at),
        "uco-core:createdBy": _ref("organization", facts.sender.id),
        "uco-core:tag": facts.tlp.value,
        "uco-core:object": ordered,
    }
    return (json.dumps(graph, ensure_ascii=False, indent=1) + "\n").encode()


def _nodes(facts: Facts) -> Iterator[Node]:
    yield from (
        _organisation(facts.sender),
        _organisation(facts.recipient),
        _tool(facts),
        _authorisation(facts),
    )
    yield _investigation(facts)
    for locator in facts.locators:
        yield _url(locator)
    for item in facts.items:
        yield _file(item)
        yield _provenance(item)
        yield from _reported_at(item)
    for picture in facts.pictures:
        yield _picture(picture)
        yield _derived(picture)
    for event in facts.custody:
        yield _performer(event.actor)
        yield _action(event, facts)
    for decision in facts.decisions:
        yield _performer(decision.actor)
        yield _decision(decision, facts)


def _investigation(facts: Facts) -> Node:
    parts = [_ref("file", item.id) for item in facts.items]
    parts += [_ref("provenance", item.id) for item in facts.items]
    parts += [_ref("url", locator.id) for locator in facts.locators]
    parts += [_ref("action", event.id) for event in facts.custody]
    parts += [_ref("action", decision.id) for decision in facts.decisions]
    return {
        "@id": _id("investigation", facts.case),
        "@type": "case-investigation:Investigation",
        "uco-core:name": facts.case_number,
        "uco-core:description": facts.summary,
        "case-investigation:investigationForm": "case",
        "case-investigation:investigationStatus": facts.case_state,
        "case-investigation:focus": "non-consensual intimate imagery",
        **_timed("startTime", facts.case_opened_at),
        "case-investigation:relevantAuthorization": _ref("authorization", facts.authority.id),
        **({"uco-core:object": parts} if parts else {}),
    }


def _authorisation(facts: Facts) -> Node:
    given = facts.authority
    node = {
        "@id": _id("authorization", given.id),
        "@type": "case-investigation:Authorization",
        "case-investigation:authorizationType": given.kind,
        "uco-core:description": given.jurisdiction,
    }
    if given.reference:
        node["case-investigation:authorizationIdentifier"] = given.reference
    named = {"startTime": given.starts, "endTime": given.ends}
    times = {f"uco-core:{name}": _time(at) for name, at in named.items() if at is not None}
    return {**node, **times}


def _organisation(organisation: Organisation) -> Node:
    return {
        "@id": _id("organization", organisation.id),
        "@type": "uco-identity:Organization",
        "uco-core:name": organisation.name,
    }


def _performer(actor: Actor) -> Node:
    """Whoever acted, as a role under a pseudonym: names of moderators don't leave the house."""
    return {
        "@id": _id("role", actor.id),
        "@type": "uco-role:Role",
        "uco-core:name": actor.role,
        "uco-core:description": f"pseudonym {actor.id}",
    }


def _tool(facts: Facts) -> Node:
    return {
        "@id": _derived_id("tool", facts.package, "software"),
        "@type": "uco-tool:Tool",
        "uco-core:name": facts.software,
        "uco-tool:version": facts.software_version,
        "uco-tool:toolType": "case management",
    }


def _url(locator: Locator) -> Node:
    facet: Node = {
        "@id": _derived_id("url-facet", locator.id, "url"),
        "@type": "uco-observable:URLFacet",
        "uco-observable:fullValue": locator.url,
    }
    parts = _split(locator.url)
    named = {"scheme": parts.scheme, "path": parts.path, "query": parts.query, "fragment": parts.fragment}
    facet |= {f"uco-observable:{name}": value for name, value in named.items() if value}
    return {
        "@id": _id("url", locator.id),
        "@type": "uco-observable:URL",
        "uco-core:tag": locator.state,
        **_timed("objectCreatedTime", locator.reported_at),
        "uco-core:hasFacet": [facet],
    }


def _split(url: str) -> SplitResult:
    """The parts of what a reporter typed; no parts where it is no address."""
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "", "", "")


def _file(item: Item) -> Node:
    facets = [_file_facet(item.id, item.name, item.size), _content_facet(item)]
    kinds = ["uco-observable:File"]
    if item.width and item.height:
        kinds.append("uco-observable:RasterPicture")
        facets.append(
            {
                "@id": _derived_id("raster-facet", item.id, "raster"),
                "@type": "uco-observable:RasterPictureFacet",
                "uco-observable:pictureWidth": item.width,
                "uco-observable:pictureHeight": item.height,
            }
        )
    other = [f"{method} {value}" for method, value in item.digests if method not in LISTED_METHODS]
    return {
        "@id": _id("file", item.id),
        "@type": kinds,
        **({"uco-core:tag": other} if other else {}),
        **_timed("objectCreatedTime", item.received_at),
        "uco-core:hasFacet": facets,
    }


def _file_facet(owner: uuid.UUID, name: str, size: int | None) -> Node:
    facet: Node = {
        "@id": _derived_id("file-facet", owner, "file"),
        "@type": "uco-observable:FileFacet",
        "uco-observable:fileName": name.rpartition("/")[2],
        "uco-observable:isDirectory": False,
    }
    return facet if size is None else facet | {"uco-observable:sizeInBytes": size}


def _content_facet(item: Item) -> Node:
    facet: Node = {
        "@id": _derived_id("content-facet", item.id, "content"),
        "@type": "uco-observable:ContentDataFacet",
        "uco-observable:hash": [
            _hash(item.id, method, value) for method, value in item.digests if method in LISTED_METHODS
        ],
    }
    if item.mime_type:
        facet["uco-observable:mimeType"] = item.mime_type
    return facet


def _hash(owner: uuid.UUID, method: str, value: str) -> Node:
    return {
        "@id": _derived_id("hash", owner, method),
        "@type": "uco-types:Hash",
        "uco-types:hashMethod": method,
        "uco-types:hashValue": {"@type": "xsd:hexBinary", "@value": value.upper()},
    }


def _provenance(item: Item) -> Node:
    return {
        "@id": _id("provenance", item.id),
        "@type": "case-investigation:ProvenanceRecord",
        "case-investigation:exhibitNumber": item.exhibit,
        "uco-core:description": item.kind,
        "uco-core:object": [_ref("file", item.id)],
    }


def _reported_at(item: Item) -> Iterator[Node]:
    for locator in item.locators:
        yield _relationship(item.id, str(locator), _ref("file", item.id), _ref("url", locator), "Reported_At")


def _picture(picture: Picture) -> Node:
    facets = [
        _file_facet(uuid.uuid5(picture.item, "rendition"), picture.name, picture.size),
        {
            "@id": _derived_id("content-facet", picture.item, "rendition"),
            "@type": "uco-observable:ContentDataFacet",
            "uco-observable:mimeType": picture.mime_type,
            "uco-observable:sizeInBytes": picture.size,
        },
    ]
    return {
        "@id": _derived_id("file", picture.item, "rendition"),
        "@type": "uco-observable:File",
        "uco-core:description": f"rendition, marked for the recipient as {picture.mark}",
        "uco-core:hasFacet": facets,
    }


def _derived(picture: Picture) -> Node:
    rendition = {"@id": _derived_id("file", picture.item, "rendition")}
    return _relationship(picture.item, "rendition", rendition, _ref("file", picture.item), "Derived_From")


def _relationship(owner: uuid.UUID, name: str, source: Node, target: Node, kind: str) -> Node:
    return {
        "@id": _derived_id("relationship", owner, f"{kind}/{name}"),
        "@type": "uco-core:Relationship",
        "uco-core:source": source,
        "uco-core:target": target,
        "uco-core:kindOfRelationship": kind,
        "uco-core:isDirectional": True,
    }


def _action(event: CustodyEvent, facts: Facts) -> Node:
    return {
        "@id": _id("action", event.id),
        "@type": "case-investigation:InvestigativeAction",
        "uco-core:name": event.action,
        **({"uco-core:description": event.reason} if event.reason else {}),
        "uco-action:performer": _ref("role", event.actor.id),
        "uco-action:instrument": [{"@id": _derived_id("tool", facts.package, "software")}],
        "uco-action:object": [_ref("file", event.item)],
        "uco-action:result": [_ref("provenance", event.item)],
        "uco-action:startTime": _time(event.at),
        "uco-action:endTime": _time(event.at),
    }


def _decision(decision: Decision, facts: Facts) -> Node:
    return {
        "@id": _id("action", decision.id),
        "@type": "case-investigation:InvestigativeAction",
        "uco-core:name": f"decision: {decision.outcome}",
        "uco-core:description": f"{decision.policy}, {decision.grounds}: {decision.statement}",
        "uco-action:performer": _ref("role", decision.actor.id),
        **({"uco-action:object": [_ref("file", item.id) for item in facts.items]} if facts.items else {}),
        "uco-action:startTime": _time(decision.at),
        "uco-action:endTime": _time(decision.at),
    }


def _timed(name: str, at: datetime | None) -> Node:
    """A property for a time that is known; none for one that was not told."""
    return {} if at is None else {f"uco-core:{name}": _time(at)}


def _time(at: datetime) -> Node:
    text = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"@type": "xsd:dateTime", "@value": text}


def _id(kind: str, public_id: uuid.UUID) -> str:
    return f"kb:{kind}-{public_id}"


def _derived_id(kind: str, owner: uuid.UUID, name: str) -> str:
    return _id(kind, uuid.uuid5(owner, f"{kind}/{name}"))


def _ref(kind: str, public_id: uuid.UUID) -> Node:
    return {"@id": _id(kind, public_id)}
