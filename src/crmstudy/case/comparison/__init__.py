"""Were the groups alike, can they be made so, and what could an unobserved difference do?"""
