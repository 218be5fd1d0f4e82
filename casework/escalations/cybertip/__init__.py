"""Reports to NCMEC's CyberTipline (18 USC 2258A): facts, their XML, the service, a flow that survives crashes.

Only material that may show a minor goes this way. Nothing here is a database row: who calls brings the facts, the files
as streams, and a place where the progress of one report is kept.
"""
